package org.bitfusion.ptx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Understands the first word of an instruction; the answers are kept, as programs use few distinct
/// words.
final class OperationReader {
    private static final int MAXIMUM_KNOWN = 10_000;
    private static final Map<String, Operation> KNOWN = new ConcurrentHashMap<>();
    private static final Map<String, Modifier> COMMON = new HashMap<>();
    private static final Set<String> POLICIES = Set.of("fractional", "range", "cvt");
    private static final Pattern SELECTOR = Pattern.compile("[dabc]_(b[0-3]|h[01]|neg)");

    static {
        addAll(Modifier.Rounding.values());
        addAll(Modifier.Semantics.values());
        addAll(Modifier.Scope.values());
        addAll(Modifier.Caching.values());
        addAll(Modifier.VectorWidth.values());
        addAll(Modifier.Part.values());
        addAll(Modifier.CountMode.values());
        addAll(Modifier.Direction.values());
        addAll(Modifier.Permutation.values());
        addAll(Modifier.Property.values());
        addAll(Modifier.Flag.values());
        addAll(Modifier.Scale.values());
        addAll(Modifier.Narrow.values());
        COMMON.remove("nan_result");
        COMMON.remove("cache_hint");
        COMMON.put("NaN", Modifier.Flag.NAN_RESULT);
        COMMON.put("gl", Modifier.Scope.GPU);
        for (StateSpace space : StateSpace.values()) {
            if (space != StateSpace.GENERIC && space != StateSpace.REG) {
                COMMON.put(space.text(), new Modifier.InSpace(space));
            }
        }
        COMMON.put("shared::cta", new Modifier.InSpace(StateSpace.SHARED));
        COMMON.put("param::entry", new Modifier.InSpace(StateSpace.PARAM));
        COMMON.put("param::func", new Modifier.InSpace(StateSpace.PARAM));
    }

    private OperationReader() {}

    private static void addAll(Modifier[] modifiers) {
        for (Modifier modifier : modifiers) {
            COMMON.put(modifier.text(), modifier);
        }
    }

    static Operation read(String form) {
        Operation known = KNOWN.get(form);
        if (known == null) {
            known = understand(form);
            if (KNOWN.size() < MAXIMUM_KNOWN) {
                KNOWN.put(form, known);
            }
        }
        return known;
    }

    static Operation unsupported(String form) {
        return new Operation(form, Opcode.UNSUPPORTED, List.of(), List.of());
    }

    private static Operation understand(String form) {
        String[] parts = form.split("\\.", -1);
        Opcode opcode = Opcode.find(parts[0]);
        if (opcode == null) {
            return unsupported(form);
        }
        List<Modifier> modifiers = new ArrayList<>();
        List<PtxType> types = new ArrayList<>();
        for (int index = 1; index < parts.length; index++) {
            Modifier modifier = modifier(opcode, parts[index]);
            PtxType type = PtxType.find(parts[index]);
            if (modifier != null) {
                modifiers.add(modifier);
            } else if (type != null) {
                types.add(type);
            } else {
                return unsupported(form);
            }
        }
        if (!ModifierCheck.allows(opcode, modifiers, types)) {
            return unsupported(form);
        }
        return new Operation(form, opcode, modifiers, types);
    }

    private static @Nullable Modifier modifier(Opcode opcode, String text) {
        Modifier own =
                switch (opcode) {
                    case SET, SETP -> comparison(text);
                    case ATOM,
                            RED,
                            REDUX,
                            VADD4,
                            VADD2,
                            VSUB4,
                            VSUB2,
                            VAVRG4,
                            VAVRG2,
                            VABSDIFF4,
                            VABSDIFF2,
                            VMIN4,
                            VMIN2,
                            VMAX4,
                            VMAX2 ->
                            find(Modifier.Reduction.class, text);
                    case VADD, VSUB, VABSDIFF, VMIN, VMAX, VSHL, VSHR, VMAD -> video(text);
                    case VSET -> {
                        Modifier comparison = find(Modifier.Comparison.class, text);
                        yield comparison != null ? comparison : video(text);
                    }
                    case LOP3 -> find(Modifier.Combination.class, text);
                    case CREATEPOLICY -> POLICIES.contains(text) ? Modifier.Flag.CACHE_HINT : null;
                    case VSET4, VSET2 -> {
                        Modifier comparison = find(Modifier.Comparison.class, text);
                        yield comparison != null
                                ? comparison
                                : find(Modifier.Reduction.class, text);
                    }
                    case BAR -> barrier(text);
                    case SHFL, BRX -> find(Modifier.Shuffle.class, text);
                    case VOTE, MATCH -> find(Modifier.Vote.class, text);
                    default -> null;
                };
        if (own != null) {
            return own;
        }
        if (text.startsWith("L1::")
                || text.startsWith("L2::")
                || text.equals("L1")
                || text.equals("L2")) {
            return Modifier.Flag.CACHE_HINT;
        }
        return COMMON.get(text);
    }

    /// The second operation of a scalar video instruction, or the part of an operand.
    private static @Nullable Modifier video(String text) {
        Matcher selector = SELECTOR.matcher(text);
        return selector.matches()
                ? new Modifier.Selector(text.charAt(0), selector.group(1))
                : find(Modifier.Reduction.class, text);
    }

    private static @Nullable Modifier comparison(String text) {
        Modifier comparison = find(Modifier.Comparison.class, text);
        return comparison != null ? comparison : find(Modifier.Combination.class, text);
    }

    private static @Nullable Modifier barrier(String text) {
        Modifier mode = find(Modifier.Barrier.class, text);
        return mode != null ? mode : find(Modifier.Reduction.class, text);
    }

    private static <E extends Enum<E> & Modifier> @Nullable Modifier find(
            Class<E> kind, String text) {
        for (E constant : Objects.requireNonNull(kind.getEnumConstants())) {
            if (constant.name().toLowerCase(Locale.ROOT).equals(text)) {
                return constant;
            }
        }
        return null;
    }
}
