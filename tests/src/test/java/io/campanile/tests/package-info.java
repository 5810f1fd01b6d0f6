/** Behaviour seen from outside. */
package io.campanile.tests;
