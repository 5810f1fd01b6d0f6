/** The gateway as an executable, with configuration, metrics and pages. */
package io.campanile.server;
