package org.bitfusion.ptx;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Names in force at a point of a body: nested scopes, the function's parameters, the module's
/// symbols.
final class Names {
    private static final int MAXIMUM_DEPTH = 64;

    private final PtxModule module;
    private final PtxFunction function;
    private final List<Register> registers = new ArrayList<>();
    private final Map<Register.File, Integer> registerCounts = new EnumMap<>(Register.File.class);
    private Scope scope = new Scope(null, 0);
    private int depth;

    Names(PtxModule module, PtxFunction function) {
        this.module = module;
        this.function = function;
        declareParameters(function.results());
        declareParameters(function.parameters());
    }

    private void declareParameters(List<PtxParameter> parameters) {
        for (PtxParameter parameter : parameters) {
            if (parameter.space() == StateSpace.REG) {
                scope.declared.put(parameter.name(), parameter.type());
            }
        }
    }

    Scope scope() {
        return scope;
    }

    void open(Lexer lexer, long callMark) {
        if (++depth > MAXIMUM_DEPTH) {
            throw lexer.error("blocks are nested too deeply");
        }
        scope = new Scope(scope, callMark);
    }

    /// Leaves the innermost scope; false when only the outermost is left.
    boolean close() {
        Scope parent = scope.parent;
        if (parent == null) {
            return false;
        }
        scope = parent;
        depth--;
        return true;
    }

    List<Register> registers() {
        return registers;
    }

    Map<Register.File, Integer> registerCounts() {
        return registerCounts;
    }

    @Nullable Register register(String name) {
        for (Scope at = scope; at != null; at = at.parent) {
            Register known = at.registers.get(name);
            if (known != null) {
                return known;
            }
            PtxType type = at.declaredType(name);
            if (type != null) {
                int index = registerCounts.merge(Register.fileOf(type), 1, Integer::sum) - 1;
                Register made = new Register(name, type, registers.size(), index);
                registers.add(made);
                at.registers.put(name, made);
                return made;
            }
        }
        return null;
    }

    @Nullable Symbol symbol(String name) {
        Symbol local = find(at -> at.variables.get(name));
        if (local != null) {
            return local;
        }
        for (PtxParameter parameter : function.parameters()) {
            if (parameter.name().equals(name)) {
                return parameter;
            }
        }
        for (PtxParameter result : function.results()) {
            if (result.name().equals(name)) {
                return result;
            }
        }
        return module.symbol(name).orElse(null);
    }

    Operand.@Nullable Prototype prototype(String name) {
        return find(at -> at.prototypes.get(name));
    }

    private <T> @Nullable T find(Function<Scope, @Nullable T> ask) {
        for (Scope at = scope; at != null; at = at.parent) {
            T found = ask.apply(at);
            if (found != null) {
                return found;
            }
        }
        return null;
    }
}
