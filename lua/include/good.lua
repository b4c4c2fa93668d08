-- A place is held by a token for ttl and a quarter, and the token is renewed at the first
-- announce after that quarter: so it never runs out before the host that announced last within
-- it is due.

-- good_for is the last second in which an announce needs no newer token than this one.
local function good_for(by)
  return math.floor(by / 1e6 + ttl / 4)
end
