/** The annotations of a class that declares a gateway. */
package io.campanile.app.annotation;
