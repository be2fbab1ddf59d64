/*
 * What the function writes. System.out and System.err go over the channel, a line an event, so that what a handler printed stands before
 * its answer; LambdaLogger writes an event a call. AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL count for LambdaLogger alone.
 */
package lambkin.bootstrap;

import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UnsupportedEncodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

final class Log {
    private static final int NO_LEVEL = 255;
    private static final int ERROR_LEVEL = 4;
    /** A line that is longer is cut into several events. */
    private static final int LINE_BYTES_MAX = 256 * 1024;
    private static final List<String> LEVELS = Arrays.asList("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL");
    private static final DateTimeFormatter TIME =
        DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final Channel channel;
    private final boolean json;
    private final int lowestLevel;
    private LineStream out;
    private LineStream err;
    /** Of the invoke at hand. */
    volatile String requestId;

    Log(Channel channel, Map<String, String> environment) {
        this.channel = channel;
        this.json = "JSON".equalsIgnoreCase(environment.get("AWS_LAMBDA_LOG_FORMAT"));
        String level = environment.getOrDefault("AWS_LAMBDA_LOG_LEVEL", "").toUpperCase(Locale.ROOT);
        this.lowestLevel = Math.max(0, LEVELS.indexOf(level));
    }

    /** Makes System.out and System.err ours. */
    void takeStreams() {
        try {
            out = new LineStream();
            err = new LineStream();
            System.setOut(new PrintStream(out, true, "UTF-8"));
            System.setErr(new PrintStream(err, true, "UTF-8"));
        } catch (UnsupportedEncodingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Sends unfinished lines. */
    void flush() {
        System.out.flush();
        System.err.flush();
        out.finish();
        err.finish();
    }

    /** A call of LambdaLogger; `level` as its enumeration names it, null where none was given. */
    void write(String message, String level) {
        int priority = level == null ? -1 : LEVELS.indexOf(level);
        if (priority >= 0 && priority < lowestLevel) return;
        String text = message == null ? "null" : message;
        send(json ? structured(text, priority < 0 ? "UNDEFINED" : level) : text, priority < 0 ? NO_LEVEL : priority);
    }

    void write(byte[] message) {
        channel.sendLog(NO_LEVEL, message, 0, message.length);
    }

    /** The error that ended an init or an invoke. */
    void failure(String report) {
        send(json ? structured(report, "ERROR") : report, ERROR_LEVEL);
    }

    private String structured(String message, String level) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("timestamp", TIME.format(Instant.now()));
        event.put("message", message);
        event.put("level", level);
        if (requestId != null) event.put("AWSRequestId", requestId);
        return JsonWriter.write(event);
    }

    private void send(String text, int level) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        channel.sendLog(level, bytes, 0, bytes.length);
    }

    /** A stream whose every line becomes a log event. */
    private final class LineStream extends OutputStream {
        private byte[] rest = new byte[8192];
        private int length;

        @Override
        public synchronized void write(int value) {
            if (value == '\n') finishLine();
            else append(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int count) {
            int start = offset;
            for (int at = offset; at < offset + count; at += 1) {
                if (bytes[at] != '\n') continue;
                append(bytes, start, at - start);
                finishLine();
                start = at + 1;
            }
            append(bytes, start, offset + count - start);
        }

        private void append(byte[] bytes, int start, int count) {
            for (int at = start; at < start + count; ) {
                int here = Math.min(start + count - at, LINE_BYTES_MAX - length);
                if (length + here > rest.length) {
                    rest = Arrays.copyOf(rest, Math.min(LINE_BYTES_MAX, Math.max(rest.length * 2, length + here)));
                }
                System.arraycopy(bytes, at, rest, length, here);
                length += here;
                at += here;
                if (length == LINE_BYTES_MAX) finishLine();
            }
        }

        private void finishLine() {
            channel.sendLog(NO_LEVEL, rest, 0, length);
            length = 0;
        }

        synchronized void finish() {
            if (length > 0) finishLine();
        }
    }
}
