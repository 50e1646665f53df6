package org.bitfusion.protocol.generator;

import org.bitfusion.protocol.generator.Specification.Field;

/// The Java type of a field, and the expressions that read, measure and write it.
final class JavaFieldWriter {
    private final Sizes sizes;

    JavaFieldWriter(Sizes sizes) {
        this.sizes = sizes;
    }

    static String component(Field field) {
        return Names.camel(field.name());
    }

    /// Unsigned numbers travel in the signed type of their width.
    static String javaType(FieldType type) {
        return switch (type) {
            case FieldType.Scalar scalar -> scalar.javaType();
            case FieldType.Handle handle -> "long";
            case FieldType.Opaque opaque -> opaque.javaType();
            case FieldType.Text text -> "String";
            case FieldType.Bytes bytes -> "ByteBuffer";
            case FieldType.Array array ->
                    switch (array.element()) {
                        case FieldType.Scalar scalar -> scalar.javaType() + "[]";
                        default -> "java.util.List<" + javaType(array.element()) + ">";
                    };
            case FieldType.Reference reference -> Names.pascal(reference.record());
            case FieldType.Payload payload ->
                    throw new IllegalStateException("a payload is no component");
        };
    }

    /// @param checked whether the buffer is known to hold the field's bytes
    String read(FieldType type, boolean last, boolean checked) {
        return switch (type) {
            case FieldType.Scalar scalar ->
                    checked ? "in." + getter(scalar) + "()" : "Wire." + getter(scalar) + "(in)";
            case FieldType.Handle handle -> checked ? "in.getLong()" : "Wire.getLong(in)";
            case FieldType.Opaque opaque ->
                    switch (opaque) {
                        case UUID -> "Wire.getUuid(in)";
                        case SECRET -> "org.bitfusion.protocol.Secret.read(in)";
                        case HASH -> "org.bitfusion.protocol.ContentHash.read(in)";
                    };
            case FieldType.Text text -> "Wire.getText(in, " + text.maximum() + ")";
            case FieldType.Bytes bytes ->
                    "Wire." + (last ? "getRest" : "getBytes") + "(in, " + bytes.maximum() + ")";
            case FieldType.Array array -> readArray(array);
            case FieldType.Reference reference -> Names.pascal(reference.record()) + ".read(in)";
            case FieldType.Payload payload ->
                    throw new IllegalStateException("a payload is not read");
        };
    }

    private String readArray(FieldType.Array array) {
        if (array.element() instanceof FieldType.Scalar scalar) {
            return "Wire.get" + plural(scalar) + "(in, " + array.maximum() + ")";
        }
        String element = javaType(array.element());
        return "Wire.getList(in, "
                + array.maximum()
                + ", "
                + sizes.minimum(array.element(), false)
                + ", "
                + element
                + "::read)";
    }

    /// @return what is added to the fewest bytes, with its "+"
    String extraBytes(Field field) {
        String name = component(field);
        return switch (field.type()) {
            case FieldType.Text text -> " + Wire.textBytes(" + name + ")";
            case FieldType.Bytes bytes -> " + " + name + ".remaining()";
            case FieldType.Array array ->
                    array.element() instanceof FieldType.Scalar scalar
                            ? " + " + name + ".length * " + scalar.bytes()
                            : " + Wire.listBytes(" + name + ", element -> element.wireBytes())";
            case FieldType.Reference reference ->
                    " + "
                            + name
                            + ".wireBytes() - "
                            + Names.pascal(reference.record())
                            + ".MINIMUM_BYTES";
            default -> "";
        };
    }

    String write(FieldType type, String name, boolean last) {
        return switch (type) {
            case FieldType.Scalar scalar -> "out." + putter(scalar) + "(" + name + ")";
            case FieldType.Handle handle -> "out.putLong(" + name + ")";
            case FieldType.Opaque opaque ->
                    opaque == FieldType.Opaque.UUID
                            ? "Wire.putUuid(out, " + name + ")"
                            : name + ".write(out)";
            case FieldType.Text text -> "Wire.putText(out, " + name + ", " + text.maximum() + ")";
            case FieldType.Bytes bytes ->
                    "Wire."
                            + (last ? "putRest" : "putBytes")
                            + "(out, "
                            + name
                            + ", "
                            + bytes.maximum()
                            + ")";
            case FieldType.Array array ->
                    array.element() instanceof FieldType.Scalar
                            ? "Wire.putArray(out, " + name + ", " + array.maximum() + ")"
                            : "Wire.putList(out, "
                                    + name
                                    + ", "
                                    + array.maximum()
                                    + ", element -> element.write(out))";
            case FieldType.Reference reference -> name + ".write(out)";
            case FieldType.Payload payload ->
                    throw new IllegalStateException("a payload is not written");
        };
    }

    private static String getter(FieldType.Scalar scalar) {
        return "get" + suffix(scalar);
    }

    private static String putter(FieldType.Scalar scalar) {
        return "put" + suffix(scalar);
    }

    private static String suffix(FieldType.Scalar scalar) {
        return switch (scalar) {
            case U8 -> "";
            case U16 -> "Short";
            case U32, I32 -> "Int";
            case U64 -> "Long";
            case F32 -> "Float";
            case F64 -> "Double";
        };
    }

    private static String plural(FieldType.Scalar scalar) {
        return switch (scalar) {
            case U32, I32 -> "Ints";
            case U64 -> "Longs";
            default -> throw new IllegalStateException("arrays hold u32, i32, u64 or records");
        };
    }
}
