/** Messages to and from bytes: the codec seam and the JSON envelope. */
package io.campanile.protocol;
