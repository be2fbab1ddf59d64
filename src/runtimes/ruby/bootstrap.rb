# The start of a managed Ruby runtime's process (3.1 and later, standard library only): brings our files in, then serves.
#
# Started ahead of need, it has the libraries that most functions use when it is told its function.
# frozen_string_literal: true

require 'json'
require 'logger'
require 'stringio'
require 'time'
require_relative 'lambkin_channel'
require_relative 'lambkin_logging'
require_relative 'lambkin_context'
require_relative 'lambkin_trace'
require_relative 'lambkin_runtime'

LambkinRuntime.run
