# The bootstrap's end of the private channel (see ../channel.ts for the frames): one descriptor to read, one to write, both blocking.
#
# Threads may log while another one answers, so writing is under a lock. When the worker is gone, the process ends.
# frozen_string_literal: true

module LambkinChannel
  INIT, READY, INIT_ERROR, INVOKE, RESPONSE, ERROR, LOG, FATAL = (1..8).to_a

  FROM_WORKER = 3
  TO_WORKER = 4
  # The same hard stop as the worker's (`frameBytesMax` of ../channel.ts).
  FRAME_BYTES_MAX = 64 * 1024 * 1024

  class << self
    # Makes the descriptors ours alone: they are closed in every program that the function starts.
    def open
      @from_worker = IO.for_fd(FROM_WORKER, 'rb', autoclose: false)
      @to_worker = IO.for_fd(TO_WORKER, 'wb', autoclose: false)
      [@from_worker, @to_worker].each { |io| io.close_on_exec = true }
      @to_worker.sync = true
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
      @lock.synchronize { @to_worker.write(frame) }
    rescue IOError, SystemCallError
      leave
    end

    def read(count)
      data = @from_worker.read(count)
      leave if data.nil? || data.bytesize < count
      data
    rescue IOError, SystemCallError
      leave
    end
  end
end
