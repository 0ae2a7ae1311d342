! trace_emit - write intermediate values in the trace format, from Fortran 2003. One module, no dependency.
!
!     use trace_emit
!     call trace_open(output_unit, "F")             this process writes from here on; silent without it
!     call trace_value("trace_format", 1)           TRACE_F: trace_format 1
!     call trace_value("beam_vec", beam)            TRACE_F: beam_vec 0.0 0.0 1.0
!     call trace_word("shape", "square")            TRACE_F: shape square
!     call trace_record("PHI")                      starts a line of its own ...
!     call trace_index("phi_tic", tic)              ... index keys first ...
!     call trace_value("F_latt", F_latt)            ... then values ...
!     call trace_end()                              TRACE_F_PHI phi_tic=3 F_latt=1.5548207271976E-001
!     problem = trace_close()                       "" or what went wrong first
!
! Integers of 4 and 8 bytes, reals of 4 and 8 bytes, and vectors of them. Reals of 8 bytes have 17 significant digits,
! those of 4 bytes 9, so that they read back to the same bits. A line is written whole. After the first fault (a bad
! name, an index after a value, a full disk) nothing more is written; trace_close tells. It does not close the unit.
! Refused: names that are no identifiers; words that are empty or hold blanks, commas or equals signs; empty vectors.
module trace_emit
   use, intrinsic :: ieee_arithmetic, only: ieee_is_nan, ieee_is_finite
   implicit none
   private
   public :: trace_open, trace_close, trace_on, trace_record, trace_end, trace_index, trace_value, trace_word

   interface trace_value
      module procedure value_int32, value_int64, value_real32, value_real64
      module procedure values_int32, values_int64, values_real32, values_real64
   end interface

   interface trace_index
      module procedure index_int32, index_int64
   end interface

   interface text
      module procedure text_int64, text_real32, text_real64
   end interface

   integer, parameter :: int32 = selected_int_kind(9), int64 = selected_int_kind(18)
   integer, parameter :: real32 = selected_real_kind(6, 30), real64 = selected_real_kind(15, 300)
   integer, parameter :: outside = 0, indices = 1, values = 2
   integer, parameter :: longest = 40 ! letters of any number
   integer :: unit = 0, state = outside
   logical :: opened = .false.
   character(len=:), allocatable :: side, line, problem

contains

   ! ---- the stream ----

   subroutine trace_open(to_unit, of_side)
      integer, intent(in) :: to_unit
      character(len=*), intent(in) :: of_side
      unit = to_unit
      side = of_side
      problem = ""
      line = ""
      state = outside
      opened = .true.
      if (.not. is_name(of_side)) call fail("the side must be a word of letters, digits and _")
   end subroutine trace_open

   ! Empty, or the first fault as a sentence.
   function trace_close() result(said)
      character(len=:), allocatable :: said
      if (opened .and. state /= outside) call fail("a record was not ended")
      said = ""
      if (opened) said = problem
      opened = .false.
   end function trace_close

   ! For work that only the trace needs.
   function trace_on() result(on)
      logical :: on
      on = ready()
   end function trace_on

   function ready() result(is)
      logical :: is
      is = opened
      if (is) is = len(problem) == 0
   end function ready

   subroutine fail(said)
      character(len=*), intent(in) :: said
      if (len(problem) == 0) problem = said
   end subroutine fail

   subroutine write_line(whole)
      character(len=*), intent(in) :: whole
      integer :: status
      write (unit, "(A)", iostat=status) whole
      if (status /= 0) call fail("the trace cannot be written")
   end subroutine write_line

   ! ---- records ----

   subroutine trace_record(name)
      character(len=*), intent(in) :: name
      if (.not. ready()) return
      if (state /= outside) call fail("a record begins within another: "//name)
      if (.not. is_name(name)) call fail("not a record's name: "//name)
      line = "TRACE_"//side//"_"//name
      state = indices
   end subroutine trace_record

   subroutine trace_end()
      if (.not. ready()) return
      if (state == outside) call fail("a record ends that was not begun")
      state = outside
      if (ready()) call write_line(line)
   end subroutine trace_end

   subroutine index_int32(key, i)
      character(len=*), intent(in) :: key
      integer(int32), intent(in) :: i
      call index_int64(key, int(i, int64))
   end subroutine index_int32

   subroutine index_int64(key, i)
      character(len=*), intent(in) :: key
      integer(int64), intent(in) :: i
      if (.not. ready()) return
      if (state /= indices) call fail("index keys stand first in a record: "//key)
      if (.not. is_name(key)) call fail("not an index key: "//key)
      line = line//" "//key//"="//text(i)
   end subroutine index_int64

   ! ---- values ----

   subroutine put(name, content)
      character(len=*), intent(in) :: name, content
      character(len=len(content)) :: spaced
      integer :: i
      if (.not. ready()) return
      if (.not. is_name(name)) call fail("not a name: "//name)
      if (len(content) == 0) call fail("nothing to write for "//name)
      if (.not. ready()) return
      if (state /= outside) then
         line = line//" "//name//"="//content
         state = values
         return
      end if
      spaced = content
      do i = 1, len(spaced)
         if (spaced(i:i) == ",") spaced(i:i) = " "
      end do
      call write_line("TRACE_"//side//": "//name//" "//spaced)
   end subroutine put

   subroutine trace_word(name, word)
      character(len=*), intent(in) :: name, word
      if (scan(word, " ,="//char(9)//char(10)//char(13)) /= 0) call fail_if_on("not a word: "//word)
      call put(name, word)
   end subroutine trace_word

   subroutine fail_if_on(said)
      character(len=*), intent(in) :: said
      if (ready()) call fail(said)
   end subroutine fail_if_on

   subroutine value_int32(name, x)
      character(len=*), intent(in) :: name
      integer(int32), intent(in) :: x
      call values_int64(name, [int(x, int64)])
   end subroutine value_int32

   subroutine value_int64(name, x)
      character(len=*), intent(in) :: name
      integer(int64), intent(in) :: x
      call values_int64(name, [x])
   end subroutine value_int64

   subroutine value_real32(name, x)
      character(len=*), intent(in) :: name
      real(real32), intent(in) :: x
      call values_real32(name, [x])
   end subroutine value_real32

   subroutine value_real64(name, x)
      character(len=*), intent(in) :: name
      real(real64), intent(in) :: x
      call values_real64(name, [x])
   end subroutine value_real64

   subroutine values_int32(name, x)
      character(len=*), intent(in) :: name
      integer(int32), intent(in) :: x(:)
      call values_int64(name, int(x, int64))
   end subroutine values_int32

   subroutine values_int64(name, x)
      character(len=*), intent(in) :: name
      integer(int64), intent(in) :: x(:)
      character(len=:), allocatable :: content
      integer :: i
      if (.not. ready()) return
      content = ""
      do i = 1, size(x)
         content = joined(content, text(x(i)))
      end do
      call put(name, content)
   end subroutine values_int64

   subroutine values_real32(name, x)
      character(len=*), intent(in) :: name
      real(real32), intent(in) :: x(:)
      character(len=:), allocatable :: content
      integer :: i
      if (.not. ready()) return
      content = ""
      do i = 1, size(x)
         content = joined(content, text(x(i)))
      end do
      call put(name, content)
   end subroutine values_real32

   subroutine values_real64(name, x)
      character(len=*), intent(in) :: name
      real(real64), intent(in) :: x(:)
      character(len=:), allocatable :: content
      integer :: i
      if (.not. ready()) return
      content = ""
      do i = 1, size(x)
         content = joined(content, text(x(i)))
      end do
      call put(name, content)
   end subroutine values_real64

   ! ---- text ----

   function joined(content, more) result(both)
      character(len=*), intent(in) :: content, more
      character(len=:), allocatable :: both
      if (len(content) == 0) then
         both = more
      else
         both = content//","//more
      end if
   end function joined

   function text_int64(x) result(written)
      integer(int64), intent(in) :: x
      character(len=:), allocatable :: written
      character(len=longest) :: buffer
      write (buffer, "(I0)") x
      written = trim(buffer)
   end function text_int64

   function text_real32(x) result(written)
      real(real32), intent(in) :: x
      character(len=:), allocatable :: written
      character(len=longest) :: buffer
      if (.not. ieee_is_finite(x)) then
         written = not_finite(ieee_is_nan(x), x < 0.0_real32)
         return
      end if
      write (buffer, "(ES20.8E3)") x
      written = trim(adjustl(buffer))
   end function text_real32

   function text_real64(x) result(written)
      real(real64), intent(in) :: x
      character(len=:), allocatable :: written
      character(len=longest) :: buffer
      if (.not. ieee_is_finite(x)) then
         written = not_finite(ieee_is_nan(x), x < 0.0_real64)
         return
      end if
      write (buffer, "(ES28.16E3)") x
      written = trim(adjustl(buffer))
   end function text_real64

   function not_finite(is_nan, is_negative) result(written)
      logical, intent(in) :: is_nan, is_negative
      character(len=:), allocatable :: written
      if (is_nan) then
         written = "nan"
      else if (is_negative) then
         written = "-inf"
      else
         written = "inf"
      end if
   end function not_finite

   function is_name(word) result(is)
      character(len=*), intent(in) :: word
      logical :: is
      character(len=*), parameter :: letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
      is = len(word) > 0
      if (is) is = scan(word(1:1), letters) == 1 .and. verify(word, letters//"0123456789") == 0
   end function is_name

end module trace_emit
