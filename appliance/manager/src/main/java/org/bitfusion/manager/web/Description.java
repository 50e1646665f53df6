package org.bitfusion.manager.web;

import com.fasterxml.jackson.databind.JavaType;
import io.swagger.v3.core.converter.AnnotatedType;
import io.swagger.v3.core.converter.ModelConverter;
import io.swagger.v3.core.converter.ModelConverterContext;
import io.swagger.v3.core.util.Json;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.IntegerSchema;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.ObjectSchema;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.media.StringSchema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.security.SecurityRequirement;
import io.swagger.v3.oas.models.security.SecurityScheme;
import io.swagger.v3.oas.models.servers.Server;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.springdoc.core.customizers.GlobalOperationCustomizer;
import org.springframework.web.method.HandlerMethod;

/// What the OpenAPI document says beyond the routes' own words: who each is for, how refusals look,
/// which members there always are.
final class Description implements GlobalOperationCustomizer, ModelConverter {
    private static final String CERTIFICATE = "certificate";
    private static final String PASSWORD = "password";
    private static final String PROBLEM = "Problem";

    static OpenAPI document() {
        Schema<?> problem = new ObjectSchema();
        problem.setDescription("RFC 9457: why not, and what to do");
        problem.addProperty("title", new StringSchema());
        problem.addProperty("status", new IntegerSchema());
        problem.addProperty("detail", new StringSchema().description("a sentence for people"));
        problem.addProperty(
                "code", new IntegerSchema().description("of the reason, if it has one"));
        problem.setRequired(List.of("title", "status", "detail"));
        return new OpenAPI()
                .info(
                        new Info()
                                .title("Bitfusion")
                                .version("v1")
                                .description(
                                        "A pool of GPUs: its appliances, clients, leases and tokens."))
                .servers(List.of(new Server().url("/").description("any appliance of the pool")))
                .components(
                        new Components()
                                .addSchemas(PROBLEM, problem)
                                .addSecuritySchemes(
                                        CERTIFICATE,
                                        new SecurityScheme()
                                                .type(SecurityScheme.Type.MUTUALTLS)
                                                .description(
                                                        "a client's or an appliance's, of this pool"))
                                .addSecuritySchemes(
                                        PASSWORD,
                                        new SecurityScheme()
                                                .type(SecurityScheme.Type.HTTP)
                                                .scheme("basic")
                                                .description(
                                                        "of an administrator or viewer: bitfusion user")));
    }

    @Override
    public Operation customize(Operation operation, HandlerMethod method) {
        operation
                .getResponses()
                .addApiResponse(
                        "default",
                        new ApiResponse()
                                .description("refused: the detail says why")
                                .content(
                                        new Content()
                                                .addMediaType(
                                                        "application/problem+json",
                                                        new MediaType()
                                                                .schema(
                                                                        new Schema<>()
                                                                                .$ref(PROBLEM)))));
        For allowed = method.getMethodAnnotation(For.class);
        if (allowed != null) {
            allow(operation, Set.of(allowed.value()));
        }
        String name = method.getBeanType().getSimpleName().replace("Routes", "");
        operation.setTags(List.of(name.toLowerCase(Locale.ROOT)));
        return operation;
    }

    private static void allow(Operation operation, Set<Who> who) {
        if (who.contains(Who.NOBODY)) {
            operation.setSecurity(List.of());
            return;
        }
        // Root on an appliance is an administrator by the appliance's certificate.
        operation.addSecurityItem(new SecurityRequirement().addList(CERTIFICATE));
        if (who.contains(Who.ADMIN) || who.contains(Who.VIEWER)) {
            operation.addSecurityItem(new SecurityRequirement().addList(PASSWORD));
        }
        String words =
                String.join(
                        ", ",
                        new TreeSet<>(
                                who.stream()
                                        .map(each -> each.name().toLowerCase(Locale.ROOT))
                                        .toList()));
        operation.setDescription("For: " + words);
    }

    /// Members of a record that are not `@Nullable` are always there; the others may be null.
    @Override
    public @Nullable Schema<?> resolve(
            AnnotatedType type, ModelConverterContext context, Iterator<ModelConverter> chain) {
        if (!chain.hasNext()) {
            return null;
        }
        Schema<?> schema = chain.next().resolve(type, context, chain);
        JavaType known = Json.mapper().constructType(type.getType());
        if (schema != null && known != null && known.getRawClass().isRecord()) {
            Schema<?> described = described(schema, context);
            if (described != null && described.getProperties() != null) {
                describe(described, known.getRawClass());
            }
        }
        return schema;
    }

    private static @Nullable Schema<?> described(Schema<?> schema, ModelConverterContext context) {
        if (schema.get$ref() == null) {
            return schema;
        }
        String name = schema.get$ref().substring(schema.get$ref().lastIndexOf('/') + 1);
        return context.getDefinedModels().get(name);
    }

    private static void describe(Schema<?> schema, Class<?> type) {
        @SuppressWarnings("rawtypes") // as the library has it
        Map<String, Schema> members = schema.getProperties();
        List<String> required =
                Arrays.stream(type.getRecordComponents())
                        .filter(component -> members.containsKey(component.getName()))
                        .filter(component -> !isNullable(component))
                        .map(RecordComponent::getName)
                        .toList();
        schema.setRequired(required.isEmpty() ? null : required);
        for (RecordComponent component : type.getRecordComponents()) {
            Schema<?> member = members.get(component.getName());
            if (member != null && member.getTypes() != null && isNullable(component)) {
                member.getTypes().add("null");
            }
        }
    }

    private static boolean isNullable(RecordComponent component) {
        return component.getAnnotatedType().isAnnotationPresent(Nullable.class);
    }
}
