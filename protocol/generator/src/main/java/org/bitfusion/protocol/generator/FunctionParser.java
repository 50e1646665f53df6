package org.bitfusion.protocol.generator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bitfusion.protocol.generator.Specification.Body;
import org.bitfusion.protocol.generator.Specification.Function;
import org.bitfusion.protocol.generator.Specification.FunctionClass;
import org.bitfusion.protocol.generator.Specification.Own;
import org.bitfusion.protocol.generator.Specification.Parameter;
import org.bitfusion.protocol.generator.Specification.Refused;
import org.bitfusion.protocol.generator.Specification.SameAs;
import org.bitfusion.protocol.generator.Specification.Variant;

/// Parses the entries that declare functions of libcuda.
final class FunctionParser {
    private final TokenReader tokens;
    private final TypeParser types;

    FunctionParser(TokenReader tokens, TypeParser types) {
        this.tokens = tokens;
        this.types = types;
    }

    Function function() {
        Position position = tokens.position();
        tokens.expect("function");
        String name = tokens.word("the function's name");
        FunctionClass functionClass = functionClass();
        List<String> messages = new ArrayList<>();
        while (!tokens.takeIf("{")) {
            messages.add(tokens.word("a message's name or '{'"));
        }
        List<Variant> variants = new ArrayList<>();
        while (!tokens.takeIf("}")) {
            variants.add(variant(functionClass));
            tokens.takeIf(",");
        }
        return new Function(
                position, name, functionClass, List.copyOf(messages), List.copyOf(variants));
    }

    private FunctionClass functionClass() {
        Token token = tokens.peek();
        String word = tokens.word("the function's class");
        for (FunctionClass candidate : FunctionClass.values()) {
            if (candidate.name().toLowerCase(Locale.ROOT).equals(word)) {
                return candidate;
            }
        }
        throw new SpecificationException(
                token.position(),
                "class '" + word + "' (expected: local, cached, oneway, sync or unsupported)");
    }

    private Variant variant(FunctionClass functionClass) {
        Position position = tokens.position();
        String symbol = tokens.word("an exported symbol");
        int version = (int) tokens.number("the CUDA version that introduced " + symbol);
        boolean perThread = tokens.takeIf("per-thread");
        boolean foreign = tokens.takeIf("ffm");
        Body body = functionClass == FunctionClass.UNSUPPORTED ? new Refused() : new Own();
        Optional<List<Parameter>> parameters = Optional.empty();
        if (tokens.peek().is("(")) {
            parameters = Optional.of(types.parameters());
        } else if (functionClass != FunctionClass.UNSUPPORTED && tokens.takeIf("=")) {
            body = new SameAs(tokens.word("an exported symbol"));
        } else if (functionClass != FunctionClass.UNSUPPORTED) {
            if (!tokens.takeIf("unsupported")) {
                throw tokens.unexpected("'(', '=' or 'unsupported' for " + symbol);
            }
            body = new Refused();
        }
        return new Variant(position, symbol, version, perThread, foreign, body, parameters);
    }
}
