/** A trading floor: an application on Campanile that one can read in a quarter of an hour. */
@org.jspecify.annotations.NullMarked
package io.campanile.examples.tradingfloor;
