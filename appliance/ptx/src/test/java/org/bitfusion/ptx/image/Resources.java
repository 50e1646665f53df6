package org.bitfusion.ptx.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/// Files beside these tests.
final class Resources {
    private Resources() {}

    static byte[] bytes(String name) {
        try (InputStream stream = Resources.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalArgumentException("no resource: " + name);
            }
            return stream.readAllBytes();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
