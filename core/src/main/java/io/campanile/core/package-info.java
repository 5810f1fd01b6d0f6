/** The live connections of one node and the rooms they have joined. */
package io.campanile.core;
