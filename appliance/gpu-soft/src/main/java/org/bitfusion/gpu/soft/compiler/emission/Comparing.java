package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;

/// The six comparisons of the JVM.
enum Comparing {
    EQUAL,
    DIFFERENT,
    LESS,
    AT_LEAST,
    GREATER,
    AT_MOST;

    Comparing opposite() {
        return switch (this) {
            case EQUAL -> DIFFERENT;
            case DIFFERENT -> EQUAL;
            case LESS -> AT_LEAST;
            case AT_LEAST -> LESS;
            case GREATER -> AT_MOST;
            case AT_MOST -> GREATER;
        };
    }

    void againstZero(CodeBuilder builder, Label label) {
        switch (this) {
            case EQUAL -> builder.ifeq(label);
            case DIFFERENT -> builder.ifne(label);
            case LESS -> builder.iflt(label);
            case AT_LEAST -> builder.ifge(label);
            case GREATER -> builder.ifgt(label);
            case AT_MOST -> builder.ifle(label);
        }
    }

    void ofInts(CodeBuilder builder, Label label) {
        switch (this) {
            case EQUAL -> builder.if_icmpeq(label);
            case DIFFERENT -> builder.if_icmpne(label);
            case LESS -> builder.if_icmplt(label);
            case AT_LEAST -> builder.if_icmpge(label);
            case GREATER -> builder.if_icmpgt(label);
            case AT_MOST -> builder.if_icmple(label);
        }
    }
}
