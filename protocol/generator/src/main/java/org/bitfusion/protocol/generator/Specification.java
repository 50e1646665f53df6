package org.bitfusion.protocol.generator;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Everything that the files of the specification say, in their order.
record Specification(
        Map<String, Constant> constants,
        Map<String, Composite> records,
        List<Message> messages,
        List<CudaType> types,
        List<Function> functions) {

    /// @param cast the C type that the constant is cast to, if any
    record Constant(Position position, String name, long value, Optional<CType> cast) {
        /// @return whether the constant is one of the CUDA driver API rather than of the wire
        boolean ofDriver() {
            return name.startsWith("CU_");
        }
    }

    record Field(Position position, String name, FieldType type) {}

    /// A record of the wire: several fields that travel together.
    record Composite(Position position, String name, List<Field> fields) {}

    enum Sender {
        CLIENT,
        WORKER,
        LEASE
    }

    /// @param answer the fields of a good answer; present exactly for messages that are answered
    record Message(
            Position position,
            int number,
            String name,
            Sender sender,
            int since,
            List<Field> fields,
            Optional<List<Field>> answer) {}

    /// @param base the type's name with its qualifier, for instance `const void`
    /// @param stars how many times it is pointed to
    record CType(String base, int stars) {
        /// @return the type's name without qualifier
        String name() {
            return base.startsWith("const ") ? base.substring("const ".length()) : base;
        }

        /// @return a declaration of `identifier`, in the C style of this repository
        String declare(String identifier) {
            return base + " " + "*".repeat(stars) + identifier;
        }

        String text() {
            return stars == 0 ? base : base + " " + "*".repeat(stars);
        }
    }

    /// A type of the CUDA driver API.
    sealed interface CudaType {
        Position position();

        String name();
    }

    record HandleType(Position position, String name, Optional<String> kind) implements CudaType {}

    record AliasType(Position position, String name, String target) implements CudaType {}

    record OpaqueType(Position position, String name) implements CudaType {}

    record CallbackType(Position position, String name, CType result, List<Parameter> parameters)
            implements CudaType {}

    record Enumerator(Position position, String name, long value, Optional<String> text) {}

    /// @param javaClass name and prefix of the Java class of constants, if one is wanted
    record EnumType(
            Position position, String name, Optional<JavaClass> javaClass, List<Enumerator> values)
            implements CudaType {}

    record JavaClass(String name, String prefix) {}

    /// @param count of the elements of an array member, 1 without brackets, in which case `array`
    ///   is false
    record Member(Position position, CType type, String name, boolean array, long count) {}

    record StructType(
            Position position, String name, boolean union, long bytes, List<Member> members)
            implements CudaType {}

    enum Direction {
        VALUE,
        IN,
        OUT,
        INOUT
    }

    record Parameter(
            Position position,
            Direction direction,
            CType type,
            String name,
            Optional<String> length) {}

    enum FunctionClass {
        LOCAL,
        CACHED,
        ONEWAY,
        SYNC,
        UNSUPPORTED
    }

    /// How an exported symbol is answered.
    sealed interface Body {}

    /// By its own implementation.
    record Own() implements Body {}

    /// By the implementation of another variant.
    record SameAs(String symbol) implements Body {}

    /// Not at all.
    record Refused() implements Body {}

    /// @param parameters none for a refused variant without signature
    record Variant(
            Position position,
            String symbol,
            int version,
            boolean perThread,
            boolean foreign,
            Body body,
            Optional<List<Parameter>> parameters) {}

    record Function(
            Position position,
            String name,
            FunctionClass functionClass,
            List<String> messages,
            List<Variant> variants) {}
}
