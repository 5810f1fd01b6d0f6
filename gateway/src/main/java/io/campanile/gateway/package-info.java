/** WebSocket, Server-Sent Events and HTTP on one port, wired to a registry. */
package io.campanile.gateway;
