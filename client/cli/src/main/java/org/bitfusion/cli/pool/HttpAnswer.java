package org.bitfusion.cli.pool;

import java.nio.charset.StandardCharsets;

/// What a manager answered.
///
/// @param status of HTTP
/// @param body whole, not copied
@SuppressWarnings("ArrayRecordComponent") // made once and read once
public record HttpAnswer(int status, byte[] body) {
    boolean isSuccess() {
        return status >= 200 && status < 300;
    }

    @Override
    public String toString() {
        return "HttpAnswer[" + status + ", " + body.length + " bytes]";
    }

    String text() {
        return new String(body, StandardCharsets.UTF_8);
    }
}
