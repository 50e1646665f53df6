package org.bitfusion.scheduler.request;

/// Why a request cannot be served, now or later. Numbers are never reused.
public enum Refusal {
    FILTER_SYNTAX(101),
    SHARE_SYNTAX(102),
    SERVER_LIST_SYNTAX(103),
    CLIENT_DISABLED(110),
    OVER_CLIENT_LIMIT(111),
    NO_SUCH_SERVER(120),
    FILTER_MATCHES_NOTHING(121),
    TOO_FEW_GPUS(122),
    SHARE_TOO_LARGE(123),
    SHARE_TOO_SMALL(124),
    TOO_MANY_SERVERS(125),
    NO_SUCH_PARENT(130),
    PARENT_TOO_SMALL(131),
    TIMED_OUT(140);

    private final int number;

    Refusal(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
