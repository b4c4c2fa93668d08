-- A representative that got nothing for so many seconds between two announces, though somebody has
-- everything, is stalled. Most clients let more pass in between.
local STALLED = 30

local function is_stalled(seen)
  return (tonumber(seen) or 0) <= now - STALLED
end
