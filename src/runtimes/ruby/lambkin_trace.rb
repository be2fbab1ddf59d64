# The trace id of the invoke at hand, where functions look for it: ENV['_X_AMZN_TRACE_ID'].
#
# It changes with every invoke, and the C library never gives back the memory of a variable's earlier values (some 150 bytes an invoke). So the
# variable stands in memory of our own, and each id is written over the one before it. It is a variable like any other for ENV, child
# processes and native code.
# frozen_string_literal: true

module LambkinTrace
  NAME = '_X_AMZN_TRACE_ID'
  # Room for "name=value" and its end, in bytes. More than an id needs; one that is longer gets room of its own.
  ROOM_BYTES = 1024

  # Sets the variable without the C library taking a copy.
  class OwnMemory
    def initialize
      require 'fiddle'
      # Ruby's lock is kept: no thread of Ruby reads in between.
      putenv = Fiddle::Handle::DEFAULT['putenv']
      @putenv = Fiddle::Function.new(putenv, [Fiddle::TYPE_VOIDP], Fiddle::TYPE_INT, need_gvl: true)
      take(ROOM_BYTES)
    end

    def set(assignment)
      take(2 * (assignment.bytesize + 1)) if assignment.bytesize >= @room
      @memory[0, assignment.bytesize + 1] = "#{assignment}\0"
      @putenv.call(@memory)
    end

    private

    # What was before is never freed: whoever asked the C library may still hold it, and it is read when the process ends.
    def take(room)
      @memory = Fiddle::Pointer.malloc(room)
      @room = room
    end
  end

  @memory = begin
    OwnMemory.new
  rescue StandardError, LoadError # a Ruby without fiddle, or a host that forbids it
    nil
  end

  # Sets the variable for the invoke that begins; without an id there is none.
  def self.set(trace_id)
    if trace_id.to_s.empty? then ENV.delete(NAME)
    elsif @memory.nil? || trace_id.include?("\0") then ENV[NAME] = trace_id
    else @memory.set("#{NAME}=#{trace_id}")
    end
  end
end
