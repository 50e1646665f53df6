package org.bitfusion.gpu;

import java.nio.ByteBuffer;

/// What a module is made of.
///
/// @param content from position to limit; never changed
/// @param name for messages: a hash or a file name
public record ModuleImage(Kind kind, ByteBuffer content, String name) {
    /// The form of the content.
    public enum Kind {
        /// Text, with or without a NUL at its end.
        PTX,
        ELF,
        FAT_BINARY
    }
}
