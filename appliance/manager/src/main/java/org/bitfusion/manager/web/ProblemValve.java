package org.bitfusion.manager.web;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;

/// What Tomcat itself refuses, before there is any route, as a problem and not as a page for
/// browsers. Tomcat makes it by its name.
public final class ProblemValve extends ErrorReportValve {
    private static final int ERRORS = 400;
    private static final int FAILURES = 500;

    @Override
    protected void report(Request request, Response response, @Nullable Throwable throwable) {
        int status = response.getStatus();
        if (status < ERRORS || response.getContentWritten() > 0 || !response.setErrorReported()) {
            return;
        }
        String detail =
                status < FAILURES
                        ? "the request is not what is expected here"
                        : "the appliance failed; its log says why";
        try {
            response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
            response.setCharacterEncoding("UTF-8");
            PrintWriter writer = response.getReporter();
            if (writer != null) {
                writer.write(new String(ProblemText.body(status, detail), StandardCharsets.UTF_8));
                response.finishResponse();
            }
        } catch (IOException | IllegalStateException exception) {
            getContainer().getLogger().debug("nobody hears of status " + status, exception);
        }
    }
}
