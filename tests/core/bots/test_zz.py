import time, pytest
from tests.people import make_cast
def test_a(app): pass
@pytest.mark.parametrize("n", range(10))
def test_b(house, n, request):
    t=time.process_time()
    c=request.getfixturevalue("database_url"); t1=time.process_time()
    request.getfixturevalue("provider"); t2=time.process_time()
    a=request.getfixturevalue("app"); t3=time.process_time()
    make_cast(); t4=time.process_time()
    request.getfixturevalue  
    from tests.pages import Visitor
    v=Visitor(a); 
    tok=v.csrf_token(); t5=time.process_time()
    from core.accounts import people
    v.sign_in(people.find("owner@example.com")); t6=time.process_time()
    v.client.get("/w/acme"); t7=time.process_time()
    v.client.get("/w/acme"); t8=time.process_time()
    v.get("/w/acme"); t9=time.process_time()
    print([round(1000*(b-a)) for a,b in zip([t,t1,t2,t3,t4,t5,t6,t7,t8],[t1,t2,t3,t4,t5,t6,t7,t8,t9])])
