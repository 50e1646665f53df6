package org.bitfusion.protocol.generator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bitfusion.protocol.generator.Specification.AliasType;
import org.bitfusion.protocol.generator.Specification.CType;
import org.bitfusion.protocol.generator.Specification.CallbackType;
import org.bitfusion.protocol.generator.Specification.CudaType;
import org.bitfusion.protocol.generator.Specification.EnumType;
import org.bitfusion.protocol.generator.Specification.HandleType;
import org.bitfusion.protocol.generator.Specification.Member;
import org.bitfusion.protocol.generator.Specification.OpaqueType;
import org.bitfusion.protocol.generator.Specification.StructType;

/// Where the members of structures lie, by the rules of the System V ABI for x86-64.
final class Layouts {
    private static final Map<String, Integer> BASIC =
            Map.ofEntries(
                    Map.entry("char", 1),
                    Map.entry("unsigned char", 1),
                    Map.entry("int8_t", 1),
                    Map.entry("uint8_t", 1),
                    Map.entry("bool", 1),
                    Map.entry("short", 2),
                    Map.entry("unsigned short", 2),
                    Map.entry("int16_t", 2),
                    Map.entry("uint16_t", 2),
                    Map.entry("int", 4),
                    Map.entry("unsigned int", 4),
                    Map.entry("int32_t", 4),
                    Map.entry("uint32_t", 4),
                    Map.entry("float", 4));

    private final Specification specification;

    Layouts(Specification specification) {
        this.specification = specification;
    }

    /// @param alignment in bytes, a power of two
    record Layout(long bytes, long alignment) {}

    Layout of(CType type) {
        return type.stars() > 0 ? new Layout(8, 8) : of(type.name());
    }

    private Layout of(String name) {
        Integer basic = BASIC.get(name);
        if (basic != null) {
            return new Layout(basic, basic);
        }
        for (CudaType type : specification.types()) {
            if (type.name().equals(name)) {
                return of(type);
            }
        }
        return new Layout(8, 8);
    }

    private Layout of(CudaType type) {
        return switch (type) {
            case EnumType enumeration -> new Layout(4, 4);
            case AliasType alias -> of(alias.target());
            case StructType struct -> of(struct);
            case HandleType handle -> new Layout(8, 8);
            case CallbackType callback -> new Layout(8, 8);
            case OpaqueType opaque ->
                    throw new SpecificationException(
                            opaque.position(), opaque.name() + " has no size");
        };
    }

    Layout of(StructType struct) {
        long bytes = 0;
        long alignment = 1;
        List<Long> offsets = offsets(struct);
        for (int i = 0; i < offsets.size(); i++) {
            Member member = struct.members().get(i);
            Layout layout = of(member.type());
            bytes = Math.max(bytes, offsets.get(i) + layout.bytes() * member.count());
            alignment = Math.max(alignment, layout.alignment());
        }
        return new Layout(aligned(bytes, alignment), alignment);
    }

    /// @return for each member its offset in bytes
    List<Long> offsets(StructType struct) {
        List<Long> offsets = new ArrayList<>();
        long next = 0;
        for (Member member : struct.members()) {
            Layout layout = of(member.type());
            long offset = struct.union() ? 0 : aligned(next, layout.alignment());
            offsets.add(offset);
            next = offset + layout.bytes() * member.count();
        }
        return offsets;
    }

    private static long aligned(long bytes, long alignment) {
        return (bytes + alignment - 1) / alignment * alignment;
    }
}
