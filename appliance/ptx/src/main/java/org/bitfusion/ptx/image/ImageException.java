package org.bitfusion.ptx.image;

/// An image that is malformed, truncated or too large.
public final class ImageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ImageException(String message) {
        super(message);
    }
}
