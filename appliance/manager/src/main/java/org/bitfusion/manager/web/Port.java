package org.bitfusion.manager.web;

import com.fasterxml.jackson.annotation.Nulls;
import io.swagger.v3.oas.models.OpenAPI;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.catalina.Context;
import org.apache.catalina.core.StandardHost;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.context.ClientCertificate;
import org.bitfusion.tls.context.TlsContext;
import org.slf4j.bridge.SLF4JBridgeHandler;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import tools.jackson.databind.json.JsonMapper;

/// The port for HTTPS, open until it is closed.
public final class Port implements AutoCloseable {
    private final ConfigurableApplicationContext application;

    private Port(ConfigurableApplicationContext application) {
        this.application = application;
    }

    /// What Spring sets up by itself: routes, JSON, their description, Tomcat.
    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}

    /// Opens it.
    ///
    /// @param routes objects with routes, each for who its [For] says
    /// @throws RuntimeException if the port is taken
    public static Port open(Pool pool, InetAddress listen, int port, List<Object> routes) {
        // Logback is set up by the appliance itself.
        System.setProperty("org.springframework.boot.logging.LoggingSystem", "none");
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.SERVLET);
        application.setRegisterShutdownHook(false);
        application.setLogStartupInfo(false);
        application.setBannerMode(Banner.Mode.OFF);
        ApplicationContextInitializer<GenericApplicationContext> wiring =
                context -> {
                    context.getEnvironment()
                            .getPropertySources()
                            .addFirst(new MapPropertySource("manager", properties(listen, port)));
                    wire(context, pool, routes);
                };
        application.addInitializers(wiring);
        return new Port(application.run());
    }

    private static Map<String, Object> properties(InetAddress listen, int port) {
        return Map.of(
                "server.address", listen.getHostAddress(),
                "server.port", port,
                // Who waits for GPUs would be waited for, while nobody else is answered and no
                // other
                // manager schedules. They ask elsewhere, and keep their places.
                "server.shutdown", "immediate",
                "spring.threads.virtual.enabled", "true",
                "spring.mvc.problemdetails.enabled", "true",
                // It would be read, and kept in files, before anybody asks whether there is a
                // route.
                "spring.servlet.multipart.enabled", "false",
                "springdoc.api-docs.path", "/api/v1/openapi.json",
                "springdoc.override-with-generic-response", "false",
                "springdoc.default-produces-media-type", "application/json",
                "spring.jmx.enabled", "false");
    }

    private static void wire(GenericApplicationContext context, Pool pool, List<Object> routes) {
        TlsContext tls =
                TlsContext.server(
                        pool.identity(),
                        pool.trust(),
                        ClientCertificate.WANTED,
                        Set.of(PeerRole.CLIENT, PeerRole.APPLIANCE));
        Crowd<String> crowd = new Crowd<>(SecurePort.LIMITS);
        context.registerBean(
                "securePort",
                WebServerFactoryCustomizer.class,
                () ->
                        (WebServerFactoryCustomizer<TomcatServletWebServerFactory>)
                                factory -> {
                                    factory.setProtocol(CrowdedProtocol.class.getName());
                                    factory.addConnectorCustomizers(new SecurePort(tls, crowd));
                                    factory.addContextCustomizers(Port::problems);
                                });
        context.registerBean("noNulls", JsonMapperBuilderCustomizer.class, () -> Port::noNulls);
        context.registerBean("bodyLimit", BodyLimit.class, BodyLimit::new);
        context.registerBean("callers", CallerFilter.class, () -> new CallerFilter(pool, crowd));
        context.registerBean("problems", ProblemAnswers.class, ProblemAnswers::new);
        context.registerBean("document", OpenAPI.class, Description::document);
        context.registerBean("description", Description.class, Description::new);
        context.registerBean("gate", WebMvcConfigurer.class, GateConfigurer::new);
        routes.forEach(each -> register(context, each));
    }

    private static void problems(Context context) {
        ((StandardHost) context.getParent()).setErrorReportValveClass(ProblemValve.class.getName());
    }

    /// No list has an element that is null.
    private static void noNulls(JsonMapper.Builder json) {
        json.changeDefaultNullHandling(handling -> handling.withContentNulls(Nulls.FAIL));
    }

    private static <T> void register(GenericApplicationContext context, T route) {
        @SuppressWarnings("unchecked")
        Class<T> type = (Class<T>) route.getClass();
        context.registerBean(type, () -> route);
    }

    private static final class GateConfigurer implements WebMvcConfigurer {
        @Override
        public void addInterceptors(InterceptorRegistry registry) {
            registry.addInterceptor(new Gate());
        }
    }

    @Override
    public void close() {
        application.close();
    }
}
