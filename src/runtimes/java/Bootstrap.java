/*
 * The process of a managed Java runtime: starts as its function, is told so by an `init` frame, loads the handler, and answers one invoke
 * after the other in its main thread. Java 8 is enough for it, so that one compilation serves every Java.
 *
 * A handler that cannot be found or has no fitting method fails each invoke, as on AWS; one whose class or constructor throws fails init.
 */
package lambkin.bootstrap;

import java.io.IOError;
import java.nio.charset.StandardCharsets;
import java.util.Map;

public final class Bootstrap {
    private static final String TRACE_PROPERTY = "com.amazonaws.xray.traceHeader";

    private Bootstrap() {}

    public static void main(String[] arguments) {
        int code = 1;
        try {
            Channel channel = Channel.open();
            serve(channel, new Log(channel, System.getenv()));
        } catch (Throwable broken) {
            broken.printStackTrace();
        } finally {
            // Also where threads of the function still run.
            System.exit(code);
        }
    }

    private static void serve(Channel channel, Log log) {
        Channel.Frame order = channel.receive();
        if (order.type != Channel.INIT) throw new IllegalStateException("the first frame must be init");
        Map<?, ?> init = (Map<?, ?>) JsonReader.read(order.text(0));
        log.takeStreams();
        FunctionLoader loader = FunctionLoader.of((String) init.get("taskRoot"), (String) init.get("optRoot"));
        Thread.currentThread().setContextClassLoader(loader);
        Handler handler;
        try {
            handler = HandlerFinder.find((String) init.get("handler"), loader, log);
        } catch (Fault fault) {
            if (!fault.fatal) {
                handler = (event, context) -> {
                    throw fault;
                };
            } else {
                log.failure(fault.report());
                log.flush();
                channel.send(Channel.INIT_ERROR, fault.payload());
                return;
            }
        }
        log.flush();
        channel.send(Channel.READY, new byte[0]);
        boolean goesOn = true;
        while (goesOn) {
            Channel.Frame invoke = channel.receive();
            if (invoke.type != Channel.INVOKE) throw new IllegalStateException("an invoke was expected");
            goesOn = answer(channel, log, handler, invoke);
        }
    }

    /** Whether the process can go on. */
    private static boolean answer(Channel channel, Log log, Handler handler, Channel.Frame invoke) {
        int headerBytes = invoke.length(0);
        String headerText = new String(invoke.bytes, 4, headerBytes, StandardCharsets.UTF_8);
        Map<?, ?> header = (Map<?, ?>) JsonReader.read(headerText);
        log.requestId = (String) header.get("requestId");
        String trace = (String) header.get("traceId");
        if (trace == null || trace.isEmpty()) System.clearProperty(TRACE_PROPERTY);
        else System.setProperty(TRACE_PROPERTY, trace);
        int type;
        byte[] body;
        try {
            int start = 4 + headerBytes;
            body = handler.call(
                new ByteRange(invoke.bytes, start, invoke.bytes.length - start), new InvokeFacts(header, log));
            type = Channel.RESPONSE;
        } catch (Throwable thrown) {
            Fault fault = thrown instanceof Fault ? (Fault) thrown : Fault.thrown(thrown);
            boolean ends = fault.fatal || thrown instanceof VirtualMachineError || thrown instanceof IOError;
            log.failure(fault.report());
            body = fault.payload();
            type = ends ? Channel.FATAL : Channel.ERROR;
        }
        Thread.interrupted(); // what the function left of it
        log.flush();
        channel.send(type, body);
        return type != Channel.FATAL;
    }
}
