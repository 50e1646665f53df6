package org.bitfusion.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.bitfusion.protocol.message.ClientMessageHandler;
import org.bitfusion.protocol.message.ContextCreate;
import org.bitfusion.protocol.message.ContextDestroy;
import org.bitfusion.protocol.message.ContextLimit;
import org.bitfusion.protocol.message.ContextPeer;
import org.bitfusion.protocol.message.ContextSetLimit;
import org.bitfusion.protocol.message.ContextSynchronize;
import org.bitfusion.protocol.message.EventCreate;
import org.bitfusion.protocol.message.EventDestroy;
import org.bitfusion.protocol.message.EventElapsed;
import org.bitfusion.protocol.message.EventQuery;
import org.bitfusion.protocol.message.EventRecord;
import org.bitfusion.protocol.message.EventSynchronize;
import org.bitfusion.protocol.message.FunctionAttributes;
import org.bitfusion.protocol.message.FunctionOccupancy;
import org.bitfusion.protocol.message.FunctionParameters;
import org.bitfusion.protocol.message.FunctionSetAttribute;
import org.bitfusion.protocol.message.ImageKnown;
import org.bitfusion.protocol.message.ImageOffer;
import org.bitfusion.protocol.message.Launch;
import org.bitfusion.protocol.message.LinkAck;
import org.bitfusion.protocol.message.LinkHeartbeat;
import org.bitfusion.protocol.message.LinkLeaving;
import org.bitfusion.protocol.message.LinkPack;
import org.bitfusion.protocol.message.MemAlloc;
import org.bitfusion.protocol.message.MemAllocAsync;
import org.bitfusion.protocol.message.MemCopy;
import org.bitfusion.protocol.message.MemCopyRegion;
import org.bitfusion.protocol.message.MemFree;
import org.bitfusion.protocol.message.MemFreeAsync;
import org.bitfusion.protocol.message.MemInfo;
import org.bitfusion.protocol.message.MemRead;
import org.bitfusion.protocol.message.MemReadAsync;
import org.bitfusion.protocol.message.MemSet;
import org.bitfusion.protocol.message.MemWrite;
import org.bitfusion.protocol.message.ModuleCheck;
import org.bitfusion.protocol.message.ModuleFunction;
import org.bitfusion.protocol.message.ModuleGlobal;
import org.bitfusion.protocol.message.ModuleLoad;
import org.bitfusion.protocol.message.ModuleLoadKnown;
import org.bitfusion.protocol.message.ModuleLog;
import org.bitfusion.protocol.message.ModuleUnload;
import org.bitfusion.protocol.message.PeerExpect;
import org.bitfusion.protocol.message.PeerForget;
import org.bitfusion.protocol.message.PeerSend;
import org.bitfusion.protocol.message.Ping;
import org.bitfusion.protocol.message.PingAnswer;
import org.bitfusion.protocol.message.PoolAttribute;
import org.bitfusion.protocol.message.PoolCreate;
import org.bitfusion.protocol.message.PoolDestroy;
import org.bitfusion.protocol.message.PoolSetAccess;
import org.bitfusion.protocol.message.PoolSetAttribute;
import org.bitfusion.protocol.message.PoolTrim;
import org.bitfusion.protocol.message.PoolUseDefault;
import org.bitfusion.protocol.message.StreamCreate;
import org.bitfusion.protocol.message.StreamDestroy;
import org.bitfusion.protocol.message.StreamHold;
import org.bitfusion.protocol.message.StreamHostFunction;
import org.bitfusion.protocol.message.StreamHostFunctionDone;
import org.bitfusion.protocol.message.StreamPrecede;
import org.bitfusion.protocol.message.StreamQuery;
import org.bitfusion.protocol.message.StreamRelease;
import org.bitfusion.protocol.message.StreamSynchronize;
import org.bitfusion.protocol.message.StreamWaitEvent;

/// Everything that the client can say, handed to those who do it. One line per message; longer than
/// other classes because the protocol is.
final class ClientSession implements ClientMessageHandler {
    private final SessionState state;
    private final ContextCalls contexts;
    private final MemoryCalls memory;
    private final PoolCalls pools;
    private final StreamCalls streams;
    private final EventCalls events;
    private final ModuleCalls modules;
    private final FunctionCalls functions;
    private final PeerCalls peers;

    ClientSession(SessionState state, ImageStore images, PeerCalls peers) {
        this.state = state;
        this.peers = peers;
        modules = new ModuleCalls(state, images);
        functions = new FunctionCalls(state, modules);
        contexts = new ContextCalls(state, modules);
        memory = new MemoryCalls(state);
        pools = new PoolCalls(state);
        streams = new StreamCalls(state);
        events = new EventCalls(state);
    }

    @Override
    public void linkAck(LinkAck message) {
        state.writer.acknowledged(message.received());
    }

    @Override
    public void linkHeartbeat(LinkHeartbeat message) {
        state.link.acknowledge();
    }

    @Override
    public void linkLeaving(LinkLeaving message) {
        state.link.leaving();
    }

    @Override
    public void linkPack(LinkPack message, int payloadBytes, ByteBuffer buffered) {
        throw new IllegalStateException("the reader hands over what is in it");
    }

    @Override
    public void ping(int request, Ping message) {
        PingAnswer answer = new PingAnswer(message.data());
        state.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
    }

    @Override
    public void contextCreate(ContextCreate message) throws IOException {
        contexts.create(message);
    }

    @Override
    public void contextDestroy(ContextDestroy message) {
        contexts.destroy(message);
    }

    @Override
    public void contextSynchronize(int request, ContextSynchronize message) {
        contexts.synchronize(request, message);
    }

    @Override
    public void contextLimit(int request, ContextLimit message) {
        contexts.limit(request, message);
    }

    @Override
    public void contextSetLimit(ContextSetLimit message) {
        contexts.setLimit(message);
    }

    @Override
    public void contextPeer(ContextPeer message) {
        contexts.peer(message);
    }

    @Override
    public void memAlloc(int request, MemAlloc message) {
        memory.allocate(request, message);
    }

    @Override
    public void memFree(MemFree message) {
        memory.free(message);
    }

    @Override
    public void memInfo(int request, MemInfo message) {
        memory.information(request, message);
    }

    @Override
    public void memAllocAsync(int request, MemAllocAsync message) {
        pools.allocate(request, message);
    }

    @Override
    public void memFreeAsync(MemFreeAsync message) {
        pools.free(message);
    }

    @Override
    public void memWrite(MemWrite message, int payloadBytes, ByteBuffer buffered)
            throws IOException {
        memory.write(message, payloadBytes, buffered);
    }

    @Override
    public void memRead(int request, MemRead message) {
        memory.read(request, message);
    }

    @Override
    public void memReadAsync(MemReadAsync message) {
        memory.readAsync(message);
    }

    @Override
    public void memCopy(MemCopy message) {
        memory.copy(message);
    }

    @Override
    public void memCopyRegion(MemCopyRegion message) {
        memory.copyRegion(message);
    }

    @Override
    public void memSet(MemSet message) {
        memory.set(message);
    }

    @Override
    public void peerExpect(PeerExpect message) {
        peers.expect(message);
    }

    @Override
    public void peerForget(PeerForget message) {
        peers.forget(message);
    }

    @Override
    public void peerSend(int request, PeerSend message) throws IOException {
        peers.send(request, message);
    }

    @Override
    public void poolCreate(PoolCreate message) throws IOException {
        pools.create(message);
    }

    @Override
    public void poolUseDefault(PoolUseDefault message) throws IOException {
        pools.useDefault(message);
    }

    @Override
    public void poolDestroy(PoolDestroy message) {
        pools.destroy(message);
    }

    @Override
    public void poolTrim(PoolTrim message) {
        pools.trim(message);
    }

    @Override
    public void poolAttribute(int request, PoolAttribute message) {
        pools.attribute(request, message);
    }

    @Override
    public void poolSetAttribute(PoolSetAttribute message) {
        pools.setAttribute(message);
    }

    @Override
    public void poolSetAccess(PoolSetAccess message) throws IOException {
        pools.setAccess(message);
    }

    @Override
    public void streamCreate(StreamCreate message) throws IOException {
        streams.create(message);
    }

    @Override
    public void streamDestroy(StreamDestroy message) throws IOException {
        streams.destroy(message);
    }

    @Override
    public void streamQuery(int request, StreamQuery message) {
        streams.query(request, message);
    }

    @Override
    public void streamSynchronize(int request, StreamSynchronize message) {
        streams.synchronize(request, message);
    }

    @Override
    public void streamWaitEvent(StreamWaitEvent message) {
        streams.waitEvent(message);
    }

    @Override
    public void streamPrecede(StreamPrecede message) {
        streams.precede(message);
    }

    @Override
    public void streamHold(StreamHold message) {
        streams.hold(message);
    }

    @Override
    public void streamRelease(StreamRelease message) throws IOException {
        streams.release(message);
    }

    @Override
    public void streamHostFunction(StreamHostFunction message) throws IOException {
        streams.hostFunction(message);
    }

    @Override
    public void streamHostFunctionDone(StreamHostFunctionDone message) {
        streams.hostFunctionDone(message);
    }

    @Override
    public void eventCreate(EventCreate message) throws IOException {
        events.create(message);
    }

    @Override
    public void eventDestroy(EventDestroy message) {
        events.destroy(message);
    }

    @Override
    public void eventRecord(EventRecord message) {
        events.record(message);
    }

    @Override
    public void eventQuery(int request, EventQuery message) {
        events.query(request, message);
    }

    @Override
    public void eventSynchronize(int request, EventSynchronize message) {
        events.synchronize(request, message);
    }

    @Override
    public void eventElapsed(int request, EventElapsed message) {
        events.elapsed(request, message);
    }

    @Override
    public void moduleLoad(ModuleLoad message, int payloadBytes, ByteBuffer buffered)
            throws IOException {
        modules.load(message, payloadBytes, buffered);
    }

    @Override
    public void moduleLoadKnown(ModuleLoadKnown message) throws IOException {
        modules.loadKnown(message);
    }

    @Override
    public void moduleCheck(int request, ModuleCheck message) {
        modules.check(request, message);
    }

    @Override
    public void moduleLog(int request, ModuleLog message) {
        modules.log(request, message);
    }

    @Override
    public void imageKnown(int request, ImageKnown message) {
        modules.known(request, message);
    }

    @Override
    public void imageOffer(int request, ImageOffer message) throws IOException {
        modules.offer(request, message);
    }

    @Override
    public void moduleUnload(ModuleUnload message) {
        modules.unload(message, functions);
    }

    @Override
    public void moduleGlobal(int request, ModuleGlobal message) {
        modules.global(request, message);
    }

    @Override
    public void moduleFunction(ModuleFunction message) throws IOException {
        functions.function(message);
    }

    @Override
    public void functionAttributes(int request, FunctionAttributes message) {
        functions.attributes(request, message);
    }

    @Override
    public void functionSetAttribute(FunctionSetAttribute message) {
        functions.setAttribute(message);
    }

    @Override
    public void functionOccupancy(int request, FunctionOccupancy message) {
        functions.occupancy(request, message);
    }

    @Override
    public void functionParameters(int request, FunctionParameters message) {
        functions.parameters(request, message);
    }

    @Override
    public void launch(Launch message) {
        functions.launch(message);
    }
}
