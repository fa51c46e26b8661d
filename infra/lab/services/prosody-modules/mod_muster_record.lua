-- Writes every chat and room message that a client of the lab sends as one JSON line, for tests to read.
local json = require "util.json";
local path = module:get_option_string("muster_record_file");

local function record(event)
  local stanza = event.stanza;
  local body = stanza:get_child_text("body");
  if not body then return; end
  local file = assert(io.open(path, "a"));
  file:write(json.encode({
    at_ms = math.floor(require "util.time".now() * 1000);
    from = stanza.attr.from or event.origin.full_jid;
    to = stanza.attr.to;
    type = stanza.attr.type or "normal";
    secure = event.origin.secure == true;
    body = body;
  }), "\n");
  file:close();
end

module:hook("pre-message/bare", record, 100);
module:hook("pre-message/full", record, 100);
