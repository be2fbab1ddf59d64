/* A failure as callers and logs see it: either thrown by the function, or found by the runtime in how the function is made. */
package lambkin.bootstrap;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1;
    private static final String OURS = "lambkin.bootstrap.";
    /** How many causes of causes are told. */
    private static final int CAUSES_MAX = 32;

    /** Whether the process cannot go on. */
    final boolean fatal;
    private final String type;
    private final transient Map<String, Object> told;
    private final String trace;

    private Fault(String message, String type, Map<String, Object> told, String trace, boolean fatal) {
        super(message, null, false, false);
        this.type = type;
        this.told = told;
        this.trace = trace;
        this.fatal = fatal;
    }

    /** About the function, not by it. */
    static Fault of(String message) {
        return new Fault(message, null, described(message, null), null, false);
    }

    /** While its class was looked for or loaded. */
    static Fault loading(String message, Throwable thrown, boolean fatal) {
        String type = thrown.getClass().getName();
        return new Fault(message, type, described(message, type), traceOf(thrown), fatal);
    }

    /** While an instance of its class was made. */
    static Fault constructing(Throwable thrown) {
        return loading(messageOf(thrown), thrown, true);
    }

    /** By its handler. */
    static Fault thrown(Throwable thrown) {
        cut(thrown, Collections.newSetFromMap(new IdentityHashMap<>()));
        return new Fault(
            messageOf(thrown), thrown.getClass().getName(), tell(thrown, CAUSES_MAX), traceOf(thrown), false);
    }

    /** What reflection threw, as the function threw it. */
    static Throwable unwrapped(Throwable thrown) {
        boolean wrapped = thrown instanceof InvocationTargetException && thrown.getCause() != null;
        return wrapped ? thrown.getCause() : thrown;
    }

    /** Throws whatever it is, checked or not. */
    @SuppressWarnings("unchecked")
    static <T extends Throwable> RuntimeException rethrow(Throwable thrown) throws T {
        throw (T) thrown;
    }

    /** What the caller gets. */
    byte[] payload() {
        return JsonWriter.write(told).getBytes(StandardCharsets.UTF_8);
    }

    /** What the log gets. */
    String report() {
        if (type == null && trace == null) return getMessage() + "\n";
        return getMessage() + ": " + type + "\n" + (trace == null ? "" : trace) + "\n";
    }

    private static Map<String, Object> described(String message, String type) {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("errorMessage", message);
        if (type != null) told.put("errorType", type);
        return told;
    }

    private static Map<String, Object> tell(Throwable thrown, int causesLeft) {
        Map<String, Object> told = described(messageOf(thrown), thrown.getClass().getName());
        List<String> lines = new ArrayList<>();
        for (StackTraceElement element : thrown.getStackTrace()) lines.add(element.toString());
        told.put("stackTrace", lines);
        Throwable cause = thrown.getCause();
        if (cause != null && causesLeft > 0) told.put("cause", tell(cause, causesLeft - 1));
        return told;
    }

    private static String messageOf(Throwable thrown) {
        try {
            String message = thrown.getLocalizedMessage();
            return message == null ? thrown.getClass().getName() : message;
        } catch (Throwable broken) {
            return thrown.getClass().getName();
        }
    }

    private static String traceOf(Throwable thrown) {
        cut(thrown, Collections.newSetFromMap(new IdentityHashMap<>()));
        StringWriter text = new StringWriter();
        try {
            thrown.printStackTrace(new PrintWriter(text));
        } catch (Throwable broken) {
            return thrown.getClass().getName();
        }
        return text.toString();
    }

    /** Leaves the runtime's own frames out, and those below them. */
    private static void cut(Throwable thrown, Set<Throwable> seen) {
        if (thrown == null || !seen.add(thrown)) return;
        StackTraceElement[] trace = thrown.getStackTrace();
        int end = 0;
        while (end < trace.length && !trace[end].getClassName().startsWith(OURS)) end += 1;
        // The reflection that called it.
        while (end > 0 && end < trace.length && isReflection(trace[end - 1].getClassName())) end -= 1;
        StackTraceElement[] kept = new StackTraceElement[end];
        System.arraycopy(trace, 0, kept, 0, end);
        thrown.setStackTrace(kept);
        cut(thrown.getCause(), seen);
        for (Throwable suppressed : thrown.getSuppressed()) cut(suppressed, seen);
    }

    private static boolean isReflection(String name) {
        return name.startsWith("java.lang.reflect.")
            || name.startsWith("jdk.internal.reflect.")
            || name.startsWith("java.lang.invoke.")
            || name.startsWith("sun.reflect.");
    }
}
