/** What the registry asks of the transport, the executor and the clock it is given. */
package io.campanile.core.spi;
