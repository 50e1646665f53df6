package org.bitfusion.protocol.generator;

/// A mistake in the specification, with the place where it is.
final class SpecificationException extends RuntimeException {
    private static final long serialVersionUID = 1;

    SpecificationException(Position position, String problem) {
        super(position + ": " + problem);
    }
}
