package org.bitfusion.manager.web;

import org.apache.coyote.http11.Http11NioProtocol;

/// HTTP as Tomcat speaks it, over a [CrowdedEndpoint]. Tomcat makes it by its name.
public final class CrowdedProtocol extends Http11NioProtocol {
    private final CrowdedEndpoint endpoint;

    public CrowdedProtocol() {
        this(new CrowdedEndpoint());
    }

    private CrowdedProtocol(CrowdedEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    /// Before the port is opened.
    void use(Crowd<String> crowd) {
        endpoint.use(crowd);
    }
}
