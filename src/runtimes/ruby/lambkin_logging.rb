# What the function writes: `puts`, `Logger`, and the error of an invoke. $stdout and $stderr go over the channel, a line an event, so that
# what a handler printed stands before its answer; what is written to the descriptors 1 and 2 directly is left alone.
# frozen_string_literal: true

module LambkinLogging
  NO_LEVEL = 255
  # Frames carry 0 trace .. 5 fatal.
  LEVELS = { 'DEBUG' => 1, 'INFO' => 2, 'WARN' => 3, 'ERROR' => 4, 'FATAL' => 5 }.freeze
  # A line that is longer is cut into several events.
  LINE_BYTES_MAX = 256 * 1024

  class << self
    # Of the invoke at hand.
    attr_accessor :request_id
    attr_reader :lowest_level

    # Sets up the streams and the standard logger as AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL ask.
    def setup(environment)
      @json = environment['AWS_LAMBDA_LOG_FORMAT'].to_s.casecmp?('JSON')
      @lowest_level = @json ? environment['AWS_LAMBDA_LOG_LEVEL'].to_s.upcase : ''
      $stdout = @out = LineEvents.new(STDOUT)
      $stderr = @err = LineEvents.new(STDERR)
      Logger.prepend(StandardLogger)
    end

    # Sends unfinished lines: at the end of an invoke, and before the process ends.
    def flush
      [@out, @err].each { |stream| stream&.finish }
    end

    def formatter
      @json ? JsonFormatter.new : TextFormatter.new
    end

    # Logs the error that ended an init or an invoke; `error` is what the caller gets.
    def log_error(message, error)
      unless @json
        LambkinChannel.send_log(4, "#{message}\n#{JSON.pretty_generate(error)}")
        return
      end
      event = { timestamp: iso(Time.now), level: 'ERROR', message: message, requestId: request_id }
      LambkinChannel.send_log(4, JSON.generate(event.merge(error).compact))
    end

    def iso(time)
      time.utc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ')
    end

    def utf8(text)
      text.to_s.dup.encode('UTF-8', invalid: :replace, undef: :replace).scrub
    end
  end

  # Whatever a Logger has for the standard streams becomes one event per record, in the format of the runtime.
  module StandardLogger
    def initialize(device = nil, *arguments, **options)
      if [$stdout, $stderr, STDOUT, STDERR].include?(device) || device.nil? && ENV.key?('AWS_LAMBDA_FUNCTION_NAME')
        super(RecordEvents.new, *arguments, **options)
        self.formatter = LambkinLogging.formatter unless options[:formatter]
        lowest = LambkinLogging.lowest_level
        lowest = { 'TRACE' => 'DEBUG' }.fetch(lowest, lowest)
        self.level = lowest if LEVELS.key?(lowest) && !options.key?(:level)
      else
        super
      end
    end
  end

  # A log device that takes one record a call.
  class RecordEvents
    def write(text)
      line = text.to_s.chomp
      level = line[/\A\w, \[[^\]]*\] *([A-Z]+) /, 1] || line[/"level":"([A-Z]+)"/, 1]
      LambkinChannel.send_log(LEVELS.fetch(level, NO_LEVEL), line)
    end

    def close; end
  end

  class TextFormatter < Logger::Formatter
    def call(severity, time, program, message)
      place = "#{time.strftime('%Y-%m-%dT%H:%M:%S.%6N')} ##{Process.pid}"
      text = "#{severity[0]}, [#{place}] #{severity.rjust(5)} #{LambkinLogging.request_id} -- #{program}: #{msg2str(message)}\n"
      LambkinLogging.utf8(text)
    end
  end

  class JsonFormatter < Logger::Formatter
    def call(severity, time, program, message)
      text = message.is_a?(Exception) ? message.message : msg2str(message)
      event = {
        timestamp: LambkinLogging.iso(time),
        level: severity,
        message: LambkinLogging.utf8(text),
        requestId: LambkinLogging.request_id
      }
      event[:logger] = LambkinLogging.utf8(program) unless program.nil? || program.to_s.empty?
      event.merge!(described(message)) if message.is_a?(Exception)
      "#{JSON.generate(event.compact)}\n"
    end

    private

    def described(error)
      trace = Array(error.backtrace).map { |line| LambkinLogging.utf8(line) }
      where = trace.first&.match(/\A(.+):(\d+):in [`'](.+)'\z/)
      {
        errorType: error.class.to_s,
        errorMessage: LambkinLogging.utf8(error.message),
        stackTrace: trace,
        location: where ? "#{where[1]}:#{where[3]}:#{where[2]}" : trace.first
      }
    end
  end

  # A stream whose every line becomes a log event. Everything that an IO can do besides writing is done by the one that it stands for.
  class LineEvents
    def initialize(stream)
      @stream = stream
      @rest = String.new(encoding: Encoding::BINARY)
      @lock = Monitor.new
    end

    def write(*parts)
      parts.sum do |part|
        bytes = part.to_s.b
        @lock.synchronize { take(bytes) }
        bytes.bytesize
      end
    end

    def print(*parts)
      write(*parts)
      nil
    end

    def <<(part)
      write(part)
      self
    end

    def puts(*values)
      return write("\n") && nil if values.empty?

      text = StringIO.new
      text.puts(*values)
      write(text.string)
      nil
    end

    def printf(pattern, *values)
      write(format(pattern, *values))
      nil
    end

    def putc(value)
      write(value.is_a?(Integer) ? (value & 255).chr : value.to_s[0])
      value
    end

    def syswrite(text)
      write(text)
    end
    alias write_nonblock syswrite

    def sync
      true
    end

    def sync=(value); end

    def flush
      self
    end

    def tty?
      false
    end
    alias isatty tty?

    # Sends what has no line end yet.
    def finish
      @lock.synchronize do
        emit(@rest) unless @rest.empty?
        @rest = String.new(encoding: Encoding::BINARY)
      end
    end

    def respond_to_missing?(name, include_private = false)
      @stream.respond_to?(name, include_private)
    end

    def method_missing(name, *arguments, **options, &block)
      return super unless @stream.respond_to?(name)

      @stream.public_send(name, *arguments, **options, &block)
    end

    private

    def take(bytes)
      @rest << bytes
      while (at = @rest.index("\n"))
        emit(@rest.slice!(0..at).chomp)
      end
      finish if @rest.bytesize > LINE_BYTES_MAX
    end

    def emit(line)
      return LambkinChannel.send_log(NO_LEVEL, '') if line.empty?

      (0...line.bytesize).step(LINE_BYTES_MAX) do |start|
        LambkinChannel.send_log(NO_LEVEL, line.byteslice(start, LINE_BYTES_MAX))
      end
    end
  end
end
