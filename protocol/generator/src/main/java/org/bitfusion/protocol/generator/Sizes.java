package org.bitfusion.protocol.generator;

import java.util.List;
import java.util.Objects;
import org.bitfusion.protocol.generator.Specification.Field;

/// How many bytes fields take on the wire.
final class Sizes {
    private final Specification specification;

    Sizes(Specification specification) {
        this.specification = specification;
    }

    /// @return whether every value of the type takes the same number of bytes
    boolean fixed(FieldType type) {
        return switch (type) {
            case FieldType.Scalar scalar -> true;
            case FieldType.Handle handle -> true;
            case FieldType.Opaque opaque -> true;
            case FieldType.Text text -> false;
            case FieldType.Bytes bytes -> false;
            case FieldType.Payload payload -> false;
            case FieldType.Array array -> false;
            case FieldType.Reference reference -> fixed(fields(reference));
        };
    }

    boolean fixed(List<Field> fields) {
        return fields.stream().allMatch(field -> fixed(field.type()));
    }

    List<Field> fields(FieldType.Reference reference) {
        return Objects.requireNonNull(specification.records().get(reference.record())).fields();
    }

    /// @return the fewest bytes that the fields take; a payload counts 0
    long minimum(List<Field> fields) {
        long bytes = 0;
        for (Field field : fields) {
            bytes += minimum(field.type(), isLast(fields, field));
        }
        return bytes;
    }

    long minimum(FieldType type, boolean last) {
        return switch (type) {
            case FieldType.Scalar scalar -> scalar.bytes();
            case FieldType.Handle handle -> 8;
            case FieldType.Opaque opaque -> opaque.bytes();
            case FieldType.Text text -> 2;
            case FieldType.Bytes bytes -> last ? 0 : 4;
            case FieldType.Payload payload -> 0;
            case FieldType.Array array -> 4;
            case FieldType.Reference reference -> minimum(fields(reference));
        };
    }

    /// @return the most bytes that the fields take within their limits
    long maximum(List<Field> fields) {
        long bytes = 0;
        for (Field field : fields) {
            bytes += maximum(field.type(), isLast(fields, field));
        }
        return bytes;
    }

    private long maximum(FieldType type, boolean last) {
        return switch (type) {
            case FieldType.Scalar scalar -> scalar.bytes();
            case FieldType.Handle handle -> 8;
            case FieldType.Opaque opaque -> opaque.bytes();
            case FieldType.Text text -> 2 + text.maximum();
            case FieldType.Bytes bytes -> (last ? 0 : 4) + bytes.maximum();
            case FieldType.Payload payload -> payload.maximum();
            case FieldType.Array array -> 4 + array.maximum() * maximum(array.element(), false);
            case FieldType.Reference reference -> maximum(fields(reference));
        };
    }

    /// @return whether the field is the last of a message's body, where a byte count is implied
    static boolean isLast(List<Field> fields, Field field) {
        return fields.get(fields.size() - 1).name().equals(field.name());
    }

    static boolean hasPayload(List<Field> fields) {
        return !fields.isEmpty()
                && fields.get(fields.size() - 1).type() instanceof FieldType.Payload;
    }
}
