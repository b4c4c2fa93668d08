-- Names of keys that are not known before the call: those of other hosts and of their groups
-- (path.lua), and of shelves (shelf.lua). All carry the transfer's tag. redisstore/keys.go has the same names.
local tag = string.sub(KEYS[1], 1, 42) -- {HASH}

local function record_key(addr)
  return tag .. ':peer:' .. addr
end
