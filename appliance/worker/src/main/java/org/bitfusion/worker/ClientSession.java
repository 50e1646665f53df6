package org.bitfusion.worker;

import org.bitfusion.protocol.message.ClientMessageForwarder;
import org.bitfusion.protocol.message.ClientMessageHandler;

/// Everything that the client can say, handed to those who do it.
final class ClientSession {
    private ClientSession() {}

    static ClientMessageHandler handler(SessionState session, ImageStore images, PeerCalls peers) {
        LinkCalls link = new LinkCalls(session);
        PoolCalls pools = new PoolCalls(session);
        ModuleCalls modules = new ModuleCalls(session, images);
        FunctionCalls functions = new FunctionCalls(session, modules.functions());
        return new ClientMessageForwarder(
                link,
                link,
                new ContextCalls(session, modules),
                new MemoryCalls(session, pools),
                pools,
                new StreamCalls(session),
                new EventCalls(session),
                modules,
                modules,
                functions,
                functions,
                peers);
    }
}
