package org.bitfusion.manager.web;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Problems as they are told: title, status, detail, and `code` where the text begins with a number
/// such as `[BF-7402]`.
public final class ProblemText {
    private static final Pattern NUMBER = Pattern.compile("^\\[BF-([0-9]{4})]");
    private static final JsonMapper JSON = new JsonMapper();

    private ProblemText() {}

    static ResponseEntity<Object> answer(int status, String detail) {
        return answer(status, detail, 0);
    }

    /// @param code 0 for the one that the detail begins with
    static ResponseEntity<Object> answer(int status, String detail, int code) {
        ProblemDetail problem =
                ProblemDetail.forStatusAndDetail(HttpStatus.valueOf(status), detail);
        problem.setTitle(title(status));
        Optional<Integer> number = code == 0 ? code(detail) : Optional.of(code);
        number.ifPresent(known -> problem.setProperty("code", known));
        return ResponseEntity.status(status)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(problem);
    }

    static byte[] body(int status, String detail) {
        ObjectNode problem = JSON.createObjectNode();
        problem.put("title", title(status));
        problem.put("status", status);
        problem.put("detail", detail);
        code(detail).ifPresent(number -> problem.put("code", number));
        return JSON.writeValueAsBytes(problem);
    }

    static void write(HttpServletResponse response, int status, String detail) throws IOException {
        byte[] body = body(status, detail);
        response.setStatus(status);
        response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    private static String title(int status) {
        HttpStatus known = HttpStatus.resolve(status);
        return known == null ? "Problem" : known.getReasonPhrase();
    }

    private static Optional<Integer> code(String detail) {
        Matcher matcher = NUMBER.matcher(detail);
        return matcher.find() ? Optional.of(Integer.valueOf(matcher.group(1))) : Optional.empty();
    }
}
