package org.bitfusion.ptx;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A kernel (`.entry`) or device function (`.func`). The body is parsed when first asked for and
/// kept; a body that cannot be parsed fails each time with the same message. Safe for use by
/// several threads.
public final class PtxFunction implements Symbol {
    private final String name;
    private final boolean kernel;
    private final List<PtxParameter> results;
    private final List<PtxParameter> parameters;
    private final Performance performance;
    private final @Nullable BodySource source;
    private @Nullable FunctionBody body;

    PtxFunction(
            String name,
            boolean kernel,
            List<PtxParameter> results,
            List<PtxParameter> parameters,
            Performance performance,
            @Nullable BodySource source) {
        this.name = name;
        this.kernel = kernel;
        this.results = List.copyOf(results);
        this.parameters = List.copyOf(parameters);
        this.performance = performance;
        this.source = source;
    }

    /// Parses the text of the body.
    @FunctionalInterface
    interface BodySource {
        FunctionBody parse(PtxFunction function);
    }

    /// Limits that the program states; 0 means not stated.
    ///
    /// @param maximumThreads product of .maxntid
    /// @param requiredX exact block size of .reqntid
    public record Performance(
            int maximumThreads,
            int requiredX,
            int requiredY,
            int requiredZ,
            int minimumBlocksPerMultiprocessor,
            int maximumRegisters) {
        static final Performance NONE = new Performance(0, 0, 0, 0, 0, 0);
    }

    @Override
    public String name() {
        return name;
    }

    public boolean isKernel() {
        return kernel;
    }

    /// False for declarations: `vprintf`, `malloc` and other things that the executor provides.
    public boolean isDefined() {
        return source != null;
    }

    public List<PtxParameter> results() {
        return results;
    }

    public List<PtxParameter> parameters() {
        return parameters;
    }

    public Performance performance() {
        return performance;
    }

    /// Bytes of the parameter block.
    public long parameterBytes() {
        return blockBytes(parameters);
    }

    /// Bytes of the result block.
    public long resultBytes() {
        return blockBytes(results);
    }

    public Optional<PtxParameter> parameter(String parameterName) {
        for (PtxParameter parameter : parameters) {
            if (parameter.name().equals(parameterName)) {
                return Optional.of(parameter);
            }
        }
        return Optional.empty();
    }

    /// The code.
    ///
    /// @throws PtxException when the text is malformed or this is only a declaration
    public synchronized FunctionBody body() {
        FunctionBody known = body;
        if (known == null) {
            if (source == null) {
                throw new PtxException(0, "function " + name + " is declared but not defined");
            }
            known = source.parse(this);
            body = known;
        }
        return known;
    }

    private static long blockBytes(List<PtxParameter> block) {
        return block.isEmpty() ? 0 : block.getLast().offset() + block.getLast().byteCount();
    }

    @Override
    public String toString() {
        return (kernel ? ".entry " : ".func ") + name;
    }
}
