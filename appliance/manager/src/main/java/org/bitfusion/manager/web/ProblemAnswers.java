package org.bitfusion.manager.web;

import java.util.UUID;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.scheduler.request.RequestSyntaxException;
import org.bitfusion.tls.TlsException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.MarkerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/// What failures of routes are told as.
@RestControllerAdvice
public final class ProblemAnswers extends ResponseEntityExceptionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ProblemAnswers.class);

    /// The log leaves out what becomes too much.
    private static final Marker STRANGERS = MarkerFactory.getMarker("strangers");

    /// A route's own.
    @ExceptionHandler(Problem.class)
    public ResponseEntity<Object> problem(Problem problem) {
        return ProblemText.answer(problem.status(), problem.detail(), problem.code());
    }

    /// Of identities and records.
    @ExceptionHandler(TlsException.class)
    public ResponseEntity<Object> ofTls(TlsException exception) {
        String detail = String.valueOf(exception.getMessage());
        return switch (exception.error()) {
            case STORE_FAILED, STORE_CONTENDED, AUTHORITY_MISSING, AUTHORITY_EXPIRED ->
                    ProblemText.answer(503, detail);
            case NAME_UNACCEPTABLE,
                    REQUEST_MALFORMED,
                    REQUEST_KEY_UNACCEPTABLE,
                    TOKEN_MALFORMED,
                    PEM_MALFORMED ->
                    ProblemText.answer(400, detail);
            // What else there is concerns this appliance's own files and records.
            default -> internal(exception);
        };
    }

    /// Of the pool's members.
    @ExceptionHandler(ClusterException.class)
    public ResponseEntity<Object> ofCluster(ClusterException exception) {
        return switch (exception.error()) {
            case NOT_CONNECTED, NO_MAJORITY, OUTCOME_UNKNOWN, CONTENDED ->
                    ProblemText.answer(503, String.valueOf(exception.getMessage()));
            case RECORD_DAMAGED,
                    RECORD_TOO_NEW,
                    PROCESS_NOT_STARTED,
                    FOLDER_UNUSABLE,
                    REFUSED_BY_ZOOKEEPER ->
                    internal(exception);
        };
    }

    /// A text of a request for GPUs that means nothing.
    @ExceptionHandler(RequestSyntaxException.class)
    public ResponseEntity<Object> syntax(RequestSyntaxException exception) {
        return ProblemText.answer(
                422, String.valueOf(exception.getMessage()), exception.refusal().number());
    }

    /// A value out of its range: the message says which.
    @ExceptionHandler(IllegalArgumentException.class)
    public ResponseEntity<Object> outOfRange(IllegalArgumentException exception) {
        LOG.info(STRANGERS, "bad request error={}", exception.getMessage());
        return ProblemText.answer(400, String.valueOf(exception.getMessage()));
    }

    /// A mistake of ours; the log has it under the number.
    @ExceptionHandler(Exception.class)
    public ResponseEntity<Object> unexpected(Exception exception) {
        return internal(exception);
    }

    private static ResponseEntity<Object> internal(Exception exception) {
        UUID number = UUID.randomUUID();
        LOG.error("request failed number={}", number, exception);
        return ProblemText.answer(
                500, "the appliance failed; its log says why under number " + number);
    }

    /// What does not parse may hold a secret: it is not repeated.
    @Override
    protected @Nullable ResponseEntity<Object> handleHttpMessageNotReadable(
            HttpMessageNotReadableException exception,
            HttpHeaders headers,
            HttpStatusCode status,
            WebRequest request) {
        for (@Nullable Throwable cause = exception; cause != null; cause = cause.getCause()) {
            if (cause instanceof Problem problem) {
                return problem(problem);
            }
        }
        return ProblemText.answer(400, "the body is not what is expected here (expected: JSON)");
    }
}
