package org.bitfusion.scheduler.request;

import java.util.List;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.Gpu;

/// Which GPUs of the pool a request may have.
///
/// @param filters all of which must accept a GPU
/// @param servers the only appliances that may give GPUs; empty for any
public record Choice(List<Filter> filters, List<ServerAddress> servers) {
    public static final Choice ANY = new Choice(List.of(), List.of());

    public Choice {
        filters = List.copyOf(filters);
        servers = List.copyOf(servers);
    }

    public static Choice of(Filter... filters) {
        return new Choice(List.of(filters), List.of());
    }

    public boolean isAny() {
        return filters.isEmpty() && servers.isEmpty();
    }

    /// Whether it is one of [#servers].
    public boolean acceptsServer(Appliance appliance) {
        return servers.isEmpty() || servers.stream().anyMatch(server -> isOf(server, appliance));
    }

    /// Whether `server` is an address, or the name, of this appliance.
    public static boolean isOf(ServerAddress server, Appliance appliance) {
        Appliance.Host host = appliance.host();
        return server.host().equalsIgnoreCase(host.name())
                || host.addresses().stream()
                        .anyMatch(address -> ServerAddress.parse(address).means(server));
    }

    /// Whether the filters let this GPU pass.
    public boolean acceptsGpu(Appliance appliance, Gpu gpu) {
        for (Filter filter : filters) {
            if (!filter.accepts(appliance, gpu)) {
                return false;
            }
        }
        return true;
    }
}
