# Calls rpcutil#ping of one node many times, one after the other, and prints the median time of a call in ms.
# usage: ruby mcollective-calls.rb CLIENT_CFG IDENTITY TIMES
require "mcollective"

config, identity, times = ARGV.shift(3)
MCollective::Config.instance.loadconfig(config)
include MCollective::RPC

client = rpcclient("rpcutil", :options => MCollective::Util.default_options.merge(:config => config))
client.progress = false
client.discover(:nodes => [identity])
took = Array.new(Integer(times)) do
  started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  replies = client.ping
  abort("no answer from #{identity}") unless replies.size == 1 && replies.first[:statuscode] == 0
  (Process.clock_gettime(Process::CLOCK_MONOTONIC) - started) * 1000
end
puts took.sort[took.size / 2]
