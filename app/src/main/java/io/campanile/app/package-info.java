/** Gateways: application code on a path, with its connections, rooms and messages. */
package io.campanile.app;
