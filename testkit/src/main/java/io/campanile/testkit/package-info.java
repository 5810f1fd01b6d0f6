/** What tests of transports, codecs and applications stand on. */
package io.campanile.testkit;
