# The bootstrap's end of the private channel (see ../channel.ts for the frames): file descriptor 3, blocking.
#
# Threads may log while another one answers, so writing is under a lock. When the worker is gone, the process ends.
# frozen_string_literal: true

module LambkinChannel
  INIT, READY, INIT_ERROR, INVOKE, RESPONSE, ERROR, LOG, FATAL = (1..8).to_a

  DESCRIPTOR = 3
  # The same hard stop as the worker's (`frameBytesMax` of ../channel.ts).
  FRAME_BYTES_MAX = 64 * 1024 * 1024

  class << self
    # Makes the descriptor ours alone: it is closed in every program that the function starts.
    def open
      @io = IO.for_fd(DESCRIPTOR, 'r+b', autoclose: false)
      @io.close_on_exec = true
      @io.sync = true
      @lock = Monitor.new
      @process = Process.pid
    end

    # The next frame: its type, and its body as binary text.
    def receive
      size = read(4).unpack1('N')
      leave unless size.between?(1, FRAME_BYTES_MAX)
      frame = read(size)
      [frame.getbyte(0), frame.byteslice(1, size - 1)]
    end

    def send_frame(type, body)
      return after_fork(type, body) if Process.pid != @process

      write([body.bytesize + 1, type].pack('NC') << body.b)
    end

    # One log event; `level` 0 (trace) to 5 (fatal), 255 when it has none.
    def send_log(level, text)
      send_frame(LOG, [level].pack('C') << text.b)
    end

    # Without at_exit blocks: nobody is left to answer to.
    def leave
      Process.exit!(0)
    end

    private

    # Frames of two processes would mix: a child of the function logs to its standard output, and answers nothing.
    def after_fork(type, body)
      leave if type != LOG
      STDOUT.syswrite("#{body.byteslice(1..)}\n")
    end

    def write(frame)
      # A signal's handler may log while it interrupts a log: a monitor lets the same thread in again.
      @lock.synchronize { @io.write(frame) }
    rescue IOError, SystemCallError
      leave
    end

    def read(count)
      data = @io.read(count)
      leave if data.nil? || data.bytesize < count
      data
    rescue IOError, SystemCallError
      leave
    end
  end
end
