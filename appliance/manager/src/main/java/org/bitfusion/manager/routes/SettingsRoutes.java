package org.bitfusion.manager.routes;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import org.bitfusion.cluster.pool.DataNetwork;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.web.Caller;
import org.bitfusion.manager.web.For;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.manager.web.Who;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/// What holds for clients for which nothing else was set.
@RestController
@RequestMapping("/api/v1/settings")
public final class SettingsRoutes {
    private final Pool pool;

    public SettingsRoutes(Pool pool) {
        this.pool = pool;
    }

    /// What [#change] reads; absent and null are not the same, so that this only describes it.
    public record SettingsChange(
            @Nullable Integer gpuLimit,
            @Nullable Integer priority,
            @Nullable Long idleTimeoutSeconds,
            @Nullable List<String> dataNetworks) {}

    /// @param gpuLimit null for as many as there are
    /// @param idleTimeoutSeconds 0 for never
    /// @param dataNetworks that clients take if they reach them, the best first; the others after
    ///   these, the fastest first
    public record SettingsView(
            @Nullable Integer gpuLimit,
            int priority,
            long idleTimeoutSeconds,
            List<String> dataNetworks) {
        static SettingsView of(ClientTerms terms, List<String> dataNetworks) {
            return new SettingsView(
                    terms.gpuLimit() == ClientTerms.NO_LIMIT ? null : terms.gpuLimit(),
                    terms.priority(),
                    terms.idleTimeout().toSeconds(),
                    dataNetworks);
        }

        /// For the list of events.
        String words() {
            return "GPU limit "
                    + (gpuLimit == null ? "none" : gpuLimit)
                    + ", priority "
                    + priority
                    + ", idle timeout "
                    + (idleTimeoutSeconds == 0 ? "none" : idleTimeoutSeconds + " s")
                    + ", data networks "
                    + (dataNetworks.isEmpty() ? "any" : String.join(", ", dataNetworks));
        }
    }

    /// What holds.
    @For(Who.VIEWER)
    @GetMapping
    @Operation(
            operationId = "getSettings",
            summary = "What holds for clients for which nothing else was set")
    public SettingsView show() {
        return SettingsView.of(pool.settings().defaults(), pool.settings().dataNetworks());
    }

    /// Changes it: `gpuLimit` (null for none), `priority`, `idleTimeoutSeconds`, `dataNetworks`;
    /// what is not said stays.
    @For(Who.ADMIN)
    @PatchMapping
    @Operation(
            operationId = "changeSettings",
            summary = "Changes what holds for clients; what is not said stays")
    public SettingsView change(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller,
            @RequestBody
                    @io.swagger.v3.oas.annotations.parameters.RequestBody(
                            content =
                                    @Content(
                                            schema =
                                                    @Schema(implementation = SettingsChange.class)))
                    JsonNode change) {
        List<String> networks = networks(change.path("dataNetworks"));
        ClientTerms terms = pool.settings().changeDefaults(present -> changed(present, change));
        if (change.has("dataNetworks")) {
            pool.settings().changeDataNetworks(networks);
        }
        SettingsView view = SettingsView.of(terms, pool.settings().dataNetworks());
        pool.events().append(pool.now(), "settings-changed", caller.name(), view.words());
        return view;
    }

    /// None of null.
    private static List<String> networks(JsonNode names) {
        List<String> networks = new ArrayList<>();
        for (JsonNode name : names) {
            networks.add(name.isString() ? name.stringValue() : "");
        }
        boolean isList = names.isMissingNode() || names.isNull() || names.isArray();
        if (!isList
                || !DataNetwork.NAMES.containsAll(networks)
                || new HashSet<>(networks).size() < networks.size()) {
            throw Problem.badRequest(
                    "dataNetworks: (expected: a list of some of "
                            + String.join(", ", DataNetwork.NAMES)
                            + ", each once)");
        }
        return networks;
    }

    private static ClientTerms changed(ClientTerms present, JsonNode change) {
        int gpuLimit = present.gpuLimit();
        if (change.has("gpuLimit")) {
            gpuLimit =
                    Objects.requireNonNullElse(
                            Numbers.integer("gpuLimit", change.get("gpuLimit")),
                            ClientTerms.NO_LIMIT);
            if (gpuLimit < 0) {
                throw Problem.badRequest("gpuLimit: (expected: 0 or more, or null)");
            }
        }
        int priority =
                change.has("priority")
                        ? Objects.requireNonNullElse(
                                Numbers.integer("priority", change.get("priority")), 0)
                        : present.priority();
        Duration idle =
                change.has("idleTimeoutSeconds")
                        ? Objects.requireNonNullElse(
                                Numbers.seconds(
                                        "idleTimeoutSeconds", change.get("idleTimeoutSeconds")),
                                Duration.ZERO)
                        : present.idleTimeout();
        return new ClientTerms(gpuLimit, priority, idle, present.disabled());
    }
}
