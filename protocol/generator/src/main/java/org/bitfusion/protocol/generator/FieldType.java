package org.bitfusion.protocol.generator;

/// What a field of a message holds on the wire.
sealed interface FieldType {
    /// A number of fixed width; every number is little-endian.
    enum Scalar implements FieldType {
        U8(1, "uint8_t", "byte"),
        U16(2, "uint16_t", "short"),
        U32(4, "uint32_t", "int"),
        U64(8, "uint64_t", "long"),
        I32(4, "int32_t", "int"),
        F32(4, "float", "float"),
        F64(8, "double", "double");

        private final int bytes;
        private final String cType;
        private final String javaType;

        Scalar(int bytes, String cType, String javaType) {
            this.bytes = bytes;
            this.cType = cType;
            this.javaType = javaType;
        }

        int bytes() {
            return bytes;
        }

        String cType() {
            return cType;
        }

        String javaType() {
            return javaType;
        }
    }

    /// A handle that the client chose: u64 on the wire.
    record Handle(String kind) implements FieldType {}

    /// Raw bytes of fixed number that have a meaning of their own.
    enum Opaque implements FieldType {
        UUID(16, "java.util.UUID"),
        SECRET(16, "org.bitfusion.protocol.Secret"),
        HASH(32, "org.bitfusion.protocol.ContentHash");

        private final int bytes;
        private final String javaType;

        Opaque(int bytes, String javaType) {
            this.bytes = bytes;
            this.javaType = javaType;
        }

        int bytes() {
            return bytes;
        }

        String javaType() {
            return javaType;
        }
    }

    /// UTF-8 behind a u16 byte count.
    record Text(long maximum) implements FieldType {}

    /// Bytes behind a u32 count, or to the end of the frame when they come last.
    record Bytes(long maximum) implements FieldType {}

    /// The rest of the frame, which the handler reads by itself.
    record Payload(long maximum) implements FieldType {}

    /// A u32 count and the elements.
    record Array(FieldType element, long maximum) implements FieldType {}

    /// The fields of a record, one after the other.
    record Reference(String record) implements FieldType {}
}
