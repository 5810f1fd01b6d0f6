/** Verifiers of tokens for the gateway's authenticators, and the making of tokens. */
package io.campanile.auth;
