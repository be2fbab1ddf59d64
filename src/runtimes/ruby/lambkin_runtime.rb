# Runs a function: takes the `init` order, requires its file, and answers one invoke after the other in the main thread.
# frozen_string_literal: true

module LambkinRuntime
  OWN_FOLDER = "#{__dir__}/"
  # What is told of a stack.
  TRACE_LINES_MAX = 100

  # `file.method`, or `file.Some::Class.method`; the file's name may hold dots.
  class Handler
    attr_reader :file

    def initialize(text)
      parts = text.split('.')
      case parts.size
      when 2 then @file, @method = parts
      when 3 then @file, @class, @method = parts
      else
        raise ArgumentError, "Invalid handler #{parts}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where " \
                             'FILENAME corresponds with an existing Ruby source file FILENAME.rb, CLASS is an optional ' \
                             'module/class namespace and METHOD is a callable method. If using CLASS, METHOD must be a ' \
                             'class-level method.'
      end
    end

    def call(main, event, context)
      receiver = @class ? Kernel.const_get(@class) : main
      receiver.__send__(@method, event: event, context: context)
    end
  end

  class << self
    # Serves until the channel or the function ends the process.
    def run
      LambkinChannel.open
      type, body = LambkinChannel.receive
      abort 'the first frame must be init' if type != LambkinChannel::INIT
      at_exit { LambkinLogging.flush }
      handler = start(JSON.parse(body))
      LambkinLogging.flush
      LambkinChannel.send_frame(LambkinChannel::READY, '')
      serve(handler)
    end

    private

    def start(order)
      ENV.replace(order['env'])
      LambkinLogging.setup(order['env'])
      Dir.chdir(order['taskRoot'])
      take_paths(order['taskRoot'], order['optRoot'] || '/opt')
      handler = Handler.new(order['handler'])
      require handler.file
      handler
    rescue Exception => e # also SyntaxError, LoadError and exit: all of them end init
      failure = describe(e, 'Init')
      LambkinLogging.log_error("Init error when loading handler #{order['handler']}", failure)
      LambkinLogging.flush
      LambkinChannel.send_frame(LambkinChannel::INIT_ERROR, JSON.generate(failure))
      Process.exit!(1)
    end

    # Where `require` and gems look, as AWS's runtimes have it: neither was known when the process started.
    def take_paths(task_root, opt_root)
      version = RbConfig::CONFIG['ruby_version']
      ENV['GEM_PATH'] ||= "#{task_root}/vendor/bundle/ruby/#{version}:#{opt_root}/ruby/gems/#{version}"
      ENV['RUBYLIB'] ||= "#{task_root}:#{opt_root}/ruby/lib"
      $LOAD_PATH.unshift(*ENV['RUBYLIB'].split(':').reject { |path| $LOAD_PATH.include?(path) })
      $LOAD_PATH.unshift(task_root) unless $LOAD_PATH.include?(task_root)
      return unless defined?(Gem)

      Gem.paths = { 'GEM_HOME' => ENV['GEM_HOME'], 'GEM_PATH' => "#{ENV['GEM_PATH']}:#{Gem.default_dir}" }
    end

    def serve(handler)
      loop do
        type, body = LambkinChannel.receive
        abort 'an invoke was expected' if type != LambkinChannel::INVOKE
        answer_type, answer = answer(handler, body)
        LambkinLogging.flush
        LambkinChannel.send_frame(answer_type, answer)
        # As on AWS, where such an error ends the process.
        exit 255 if answer_type == LambkinChannel::FATAL
      end
    end

    # Runs one invoke and returns the frame that answers it.
    def answer(handler, body)
      header_bytes = body.unpack1('N')
      header = JSON.parse(body.byteslice(4, header_bytes))
      LambkinLogging.request_id = header['requestId']
      LambkinTrace.set(header['traceId'])
      payload = body.byteslice((4 + header_bytes)..).force_encoding(Encoding::UTF_8)
      [LambkinChannel::RESPONSE, result(handler, payload, header)]
    rescue Exception => e # an error of the function, whatever it is
      failure = describe(e, 'Function')
      critical = !e.is_a?(StandardError) || e.is_a?(NameError)
      message = critical ? 'Critical exception from handler' : 'Error raised from handler method'
      LambkinLogging.log_error(message, failure)
      [critical ? LambkinChannel::FATAL : LambkinChannel::ERROR, JSON.generate(failure)]
    end

    def result(handler, payload, header)
      context = LambdaContext.new(header)
      returned = handler.call(main, JSON.parse(payload), context)
      case returned
      when StringIO, IO then returned.read.to_s
      else returned.to_json
      end
    end

    def main
      TOPLEVEL_BINDING.receiver
    end

    def describe(error, origin)
      trace = Array(error.backtrace)
      ours = trace.index { |line| line.start_with?(OWN_FOLDER) }
      {
        errorMessage: LambkinLogging.utf8(error.message),
        errorType: "#{origin}<#{error.class}>",
        stackTrace: trace.first(ours || trace.size).first(TRACE_LINES_MAX).map { |line| LambkinLogging.utf8(line) }
      }
    end
  end
end
