/*
 * The bootstrap's end of the private channel (see ../channel.ts for the frames): one descriptor to read, one to write, both blocking. Threads
 * may log while another one answers, so writing is under a lock. When the worker is gone, the process ends.
 *
 * Java has no way to open an inherited descriptor by its number; the class library's own field of it is set (the process is started with
 * java.io open to it). Programs that the function starts do not inherit it: Java closes everything but the standard streams there.
 */
package lambkin.bootstrap;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;

final class Channel {
    static final int INIT = 1;
    static final int READY = 2;
    static final int INIT_ERROR = 3;
    static final int INVOKE = 4;
    static final int RESPONSE = 5;
    static final int ERROR = 6;
    static final int LOG = 7;
    static final int FATAL = 8;

    private static final int FROM_WORKER = 3;
    private static final int TO_WORKER = 4;
    /** The same hard stop as the worker's (`frameBytesMax` of ../channel.ts). */
    private static final int FRAME_BYTES_MAX = 64 * 1024 * 1024;
    private static final int HEAD_BYTES = 5;
    /** A body up to this size is written together with its head. */
    private static final int COPIED_BYTES_MAX = 64 * 1024;

    static final class Frame {
        final int type;
        final byte[] bytes;

        Frame(int type, byte[] bytes) {
            this.type = type;
            this.bytes = bytes;
        }

        int length(int at) {
            return number(bytes, at);
        }

        String text(int start) {
            return new String(bytes, start, bytes.length - start, StandardCharsets.UTF_8);
        }
    }

    private final FileInputStream input;
    private final FileOutputStream output;

    private Channel(FileDescriptor fromWorker, FileDescriptor toWorker) {
        this.input = new FileInputStream(fromWorker);
        this.output = new FileOutputStream(toWorker);
    }

    static Channel open() throws ReflectiveOperationException {
        return new Channel(descriptor(FROM_WORKER), descriptor(TO_WORKER));
    }

    private static FileDescriptor descriptor(int number) throws ReflectiveOperationException {
        FileDescriptor descriptor = new FileDescriptor();
        Field field = FileDescriptor.class.getDeclaredField("fd");
        field.setAccessible(true);
        field.setInt(descriptor, number);
        return descriptor;
    }

    /** Waits for the next frame. */
    Frame receive() {
        try {
            byte[] head = new byte[HEAD_BYTES];
            fill(head);
            int size = number(head, 0);
            if (size < 1 || size > FRAME_BYTES_MAX) leave();
            byte[] body = new byte[size - 1];
            fill(body);
            return new Frame(head[4], body);
        } catch (IOException gone) {
            return leave();
        }
    }

    private void fill(byte[] bytes) throws IOException {
        for (int filled = 0; filled < bytes.length; ) {
            int count = input.read(bytes, filled, bytes.length - filled);
            if (count < 0) leave();
            filled += count;
        }
    }

    synchronized void send(int type, byte[] body) {
        send(type, body, 0, body.length, -1);
    }

    /** One log event: level 0 (trace) to 5 (fatal), 255 where it has none. */
    synchronized void sendLog(int level, byte[] text, int start, int length) {
        send(LOG, text, start, length, level);
    }

    private void send(int type, byte[] body, int start, int length, int level) {
        int headBytes = level < 0 ? HEAD_BYTES : HEAD_BYTES + 1;
        boolean copied = length <= COPIED_BYTES_MAX;
        byte[] head = new byte[copied ? headBytes + length : headBytes];
        int size = headBytes - 4 + length;
        head[0] = (byte) (size >>> 24);
        head[1] = (byte) (size >>> 16);
        head[2] = (byte) (size >>> 8);
        head[3] = (byte) size;
        head[4] = (byte) type;
        if (level >= 0) head[5] = (byte) level;
        try {
            if (copied) System.arraycopy(body, start, head, headBytes, length);
            output.write(head);
            if (!copied) output.write(body, start, length);
        } catch (IOException gone) {
            leave();
        }
    }

    private static int number(byte[] bytes, int at) {
        return (bytes[at] & 255) << 24 | (bytes[at + 1] & 255) << 16 | (bytes[at + 2] & 255) << 8 | bytes[at + 3] & 255;
    }

    /** Without shutdown hooks: nobody is left to answer to. */
    private static <T> T leave() {
        Runtime.getRuntime().halt(0);
        throw new IllegalStateException("halted");
    }
}
