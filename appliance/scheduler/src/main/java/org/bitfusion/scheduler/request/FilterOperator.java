package org.bitfusion.scheduler.request;

/// How a filter compares.
public enum FilterOperator {
    // those of two characters first: the first that fits is taken
    NOT_EQUAL("!="),
    AT_MOST("<="),
    AT_LEAST(">="),
    EQUAL("="),
    LESS("<"),
    MORE(">");

    static final String WITHOUT_ORDER = "= and !=";
    static final String ALL = "= != < <= > >=";

    private final String text;

    FilterOperator(String text) {
        this.text = text;
    }

    public String text() {
        return text;
    }

    boolean needsOrder() {
        return this != EQUAL && this != NOT_EQUAL;
    }

    /// @param comparison of what is there with what is asked for, as of a comparator
    boolean accepts(int comparison) {
        return switch (this) {
            case EQUAL -> comparison == 0;
            case NOT_EQUAL -> comparison != 0;
            case LESS -> comparison < 0;
            case AT_MOST -> comparison <= 0;
            case MORE -> comparison > 0;
            case AT_LEAST -> comparison >= 0;
        };
    }
}
