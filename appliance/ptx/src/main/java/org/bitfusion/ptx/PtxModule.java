package org.bitfusion.ptx;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A PTX module: what its text declares, with function bodies parsed on demand.
public final class PtxModule {
    /// Distance between function addresses; see [#addressOf].
    public static final long FUNCTION_ADDRESS_STEP = 16;

    private final Header header;
    private final List<Variable> variables;
    private final List<PtxFunction> functions;
    private final Map<String, Symbol> symbols = new LinkedHashMap<>();
    private final Map<StateSpace, Long> areaBytes;

    PtxModule(
            Header header,
            List<Variable> variables,
            Map<String, PtxFunction> functions,
            Map<String, String> aliases,
            Map<StateSpace, Long> areaBytes) {
        this.header = header;
        this.variables = List.copyOf(variables);
        this.functions = List.copyOf(functions.values());
        this.areaBytes = Map.copyOf(areaBytes);
        for (Variable variable : variables) {
            Symbol known = symbols.get(variable.name());
            if (known == null || variable.linkage() != Variable.Linkage.EXTERNAL) {
                symbols.put(variable.name(), variable);
            }
        }
        symbols.putAll(functions);
        aliases.forEach((alias, target) -> {
            PtxFunction function = functions.get(target);
            if (function != null) {
                symbols.put(alias, function);
            }
        });
    }

    /// `.version`, `.target` and `.address_size`.
    ///
    /// @param version for instance "9.0"
    /// @param target for instance "sm_80"
    /// @param addressBits 32 or 64
    public record Header(String version, String target, int addressBits) {}

    public Header header() {
        return header;
    }

    /// Module-level variables in text order.
    public List<Variable> variables() {
        return variables;
    }

    /// Kernels and functions in text order, declarations included.
    public List<PtxFunction> functions() {
        return functions;
    }

    public List<PtxFunction> kernels() {
        return functions.stream().filter(PtxFunction::isKernel).toList();
    }

    public Optional<PtxFunction> kernel(String name) {
        return symbols.get(name) instanceof PtxFunction function && function.isKernel()
                ? Optional.of(function)
                : Optional.empty();
    }

    /// A module-level variable or function by name.
    public Optional<Symbol> symbol(String name) {
        return Optional.ofNullable(symbols.get(name));
    }

    /// Bytes that the module's defined variables of a space (GLOBAL or CONST) need, laid out at
    /// their offsets.
    public long areaBytes(StateSpace space) {
        return areaBytes.getOrDefault(space, 0L);
    }

    /// The value of a function pointer: small, never 0, never a device address.
    public long addressOf(PtxFunction function) {
        return (functions.indexOf(function) + 1) * FUNCTION_ADDRESS_STEP;
    }

    /// The function that a pointer made by [#addressOf] means.
    public Optional<PtxFunction> functionAt(long address) {
        long index = address / FUNCTION_ADDRESS_STEP - 1;
        boolean valid =
                address % FUNCTION_ADDRESS_STEP == 0 && index >= 0 && index < functions.size();
        return valid ? Optional.of(functions.get((int) index)) : Optional.empty();
    }
}
