/* A function, whatever its shape: bytes in, bytes out. */
package lambkin.bootstrap;

interface Handler {
    byte[] call(ByteRange event, InvokeFacts facts) throws Throwable;
}
