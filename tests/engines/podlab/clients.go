package main

import (
	"net/http"
	"strconv"
	"sync"
)

// clients are those of a load that tells them apart: each has a header of its own, and sends back the cookies that it got.
type clients struct {
	mutex   sync.Mutex
	turn    int
	cookies []map[string]*http.Cookie
}

func newClients(count int) *clients {
	found := &clients{}
	for range count {
		found.cookies = append(found.cookies, map[string]*http.Cookie{})
	}
	return found
}

// next is the client whose turn it is, or -1 where nobody tells them apart; its header and cookies are put into the request.
func (c *clients) next(req *http.Request) int {
	if len(c.cookies) == 0 {
		return -1
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	who := c.turn
	c.turn = (c.turn + 1) % len(c.cookies)
	req.Header.Set("X-User", strconv.Itoa(who))
	for _, cookie := range c.cookies[who] {
		req.AddCookie(cookie)
	}
	return who
}

// keep takes the cookies of an answer.
func (c *clients) keep(who int, resp *http.Response) {
	if who < 0 {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, cookie := range resp.Cookies() {
		c.cookies[who][cookie.Name] = cookie
	}
}
