package org.bitfusion.manager.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Arrays;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;

/// Lets a caller have the routes that are for it ([For]), and no other.
public final class Gate implements HandlerInterceptor {
    /// The description of the routes, which has no [For].
    private static final String DESCRIPTION = "org.springdoc.";

    @Override
    public boolean preHandle(
            HttpServletRequest request, HttpServletResponse response, Object handler)
            throws IOException {
        if (handler instanceof HandlerMethod method
                && request.getAttribute(Caller.ATTRIBUTE) instanceof Caller caller
                && isFor(method, caller)) {
            return true;
        }
        if (!(handler instanceof HandlerMethod)) {
            // No route at all: it is said that there is none.
            return true;
        }
        ProblemText.write(response, 403, "this is not for who asks");
        return false;
    }

    private static boolean isFor(HandlerMethod method, Caller caller) {
        For annotation = method.getMethodAnnotation(For.class);
        if (annotation != null) {
            return Arrays.stream(annotation.value()).anyMatch(caller::is);
        }
        return method.getBeanType().getName().startsWith(DESCRIPTION)
                && !(caller instanceof Caller.Anonymous);
    }
}
